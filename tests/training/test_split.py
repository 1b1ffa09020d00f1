"""A view with the data it reads."""

import torch

from phonograph.graphs.model import build
from phonograph.graphs.spec import PortName
from phonograph.training.split import id_port, ids_of, open_split

ID = PortName("data", "id")


def test_training_batches_are_dealt_to_all_processes_and_differ_by_epoch(load):
    split = open_split(build(load()), "train")
    parts = [split.training(seed=1, rank=rank, world=2) for rank in (0, 1)]
    heard = []
    for epoch in range(3):
        for part in parts:
            part.set_epoch(epoch)
        heard.append([name for part in parts for batch in part for name in batch[ID]])
        assert set(heard[-1]) == {f"train{number}" for number in range(8)}
    assert heard[0] != heard[1]
    assert len(parts[0]) == len(parts[1]) == len(list(parts[0]))


def test_evaluation_gives_values_for_every_port_of_the_data_layer(load):
    graph = load()
    split = open_split(build(graph), "validate")
    (batch,) = split.evaluation()
    assert set(batch) == {PortName("data", port) for port in graph.nodes["data"].outputs}
    assert isinstance(batch[PortName("data", "audio")], torch.Tensor)
    assert (split.name, split.seconds) == ("validation", 0.875)


def test_utterances_are_named_where_the_data_layer_has_names(load):
    graph = load()
    assert id_port(graph) == ID
    assert ids_of(graph, {ID: ["a", "b"]}) == ["a", "b"]
