"""Processes that divide the weights among them train what one process trains."""

import os
import socket
from multiprocessing import get_context

import pytest
import torch
from torch.multiprocessing.spawn import start_processes

from phonograph.collections import default_registry
from phonograph.collections.asr.word_errors import character_errors, word_errors
from phonograph.errors import DataError, GraphError
from phonograph.graphs.bundle import read_bundle
from phonograph.graphs.check import load_graph
from phonograph.training.fit import fit
from phonograph.training.state_file import read_state
from phonograph.types.registry import Registry

METRICS = {"wer": word_errors, "cer": character_errors}
COMMON = (
    "modules.encoder.with.block={heads: 2, kernel: 7, dropout: 0, norm: layer}",
    "modules.data.with.batch_seconds=1.2",
    "train.ema=0.9",
    "train.average=2",
    # the bias of attention's keys has no gradient but noise, which Adam would make large
    "train.optimizer.eps=1e-4",
)
TRAINER = "accelerator: cpu, gradient_clip_val: 1, check_val_every_n_epoch: 1"


def _fit(folder, run, *overrides, trainer):
    given = [*COMMON, f"train.trainer={{{TRAINER}, {trainer}}}", *overrides]
    graph = load_graph(folder / "graph.yaml", given, default_registry(), metrics=METRICS)
    return fit(graph, default_registry(), folder / run, metrics=METRICS, say=lambda _: None)


def _part(rank, folder, ports, both):
    """Be one of two processes that torchrun started; between two trainings the first is alone."""
    os.environ |= {"WORLD_SIZE": "2", "RANK": str(rank), "LOCAL_RANK": str(rank)}
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "LOCAL_WORLD_SIZE": "2", "GROUP_RANK": "0"}
    for epochs, port in enumerate(ports, start=1):
        os.environ |= {"MASTER_PORT": str(port), "TORCHELASTIC_RUN_ID": "test"}
        both.wait(200)
        if epochs != 2:
            _fit(folder, "changing", trainer=f"devices: 2, strategy: fsdp2, max_epochs: {epochs}")
        elif rank == 0:
            del os.environ["TORCHELASTIC_RUN_ID"]
            _fit(folder, "changing", trainer="devices: 1, max_epochs: 2")
        assert not torch.distributed.is_initialized()


def _free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def _tensors(tree, name=""):
    match tree:
        case torch.Tensor():
            yield name, tree
        case dict():
            for key, value in tree.items():
                yield from _tensors(value, f"{name}.{key}")
        case list() | tuple():
            for number, value in enumerate(tree):
                yield from _tensors(value, f"{name}.{number}")


def test_divided_and_whole_weights_go_on_from_each_others_states(folder):
    both = get_context("spawn").Barrier(2)
    start_processes(_part, args=(folder, _free_ports(3), both), nprocs=2, start_method="spawn")
    straight = "devices: 1, accumulate_grad_batches: 2, max_epochs: 3"
    result = _fit(folder, "straight", trainer=straight)
    assert result.epochs == 3
    changing, straight = folder / "changing", folder / "straight"
    expected = dict(_tensors(read_state(straight / "last.state")))
    found = dict(_tensors(read_state(changing / "last.state")))
    assert {name.split(".")[1] for name in expected} == {
        "state_dict",
        "callbacks",
        "optimizer_states",
    }
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-6)
    for name in ("best.phono", "last.phono"):
        one, other = (read_bundle(run / name, default_registry()) for run in (changing, straight))
        torch.testing.assert_close(dict(one.weights), dict(other.weights), rtol=1e-4, atol=1e-6)
        scores = one.notes.pop("scores"), other.notes.pop("scores")
        assert scores[0] == pytest.approx(scores[1], rel=1e-4)
        assert one.notes == other.notes


PART = '''
import torch
from torch import nn
from phonograph.types.kinds import LogProbs
from phonograph.types.ports import ports
from phonograph.types.registry import register


@register("test.scale", version=1)
class Scale(nn.Module):
    """Scale by a number that is learnt."""

    def __init__(self, vocab: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(1.0))

    @ports(
        log_probs=LogProbs("B T vocab+1", blank="last"),
        out={"log_probs": LogProbs("B T vocab+1", blank="last")},
    )
    def forward(self, log_probs):
        return (self.scale * log_probs).log_softmax(-1)
'''
SHARDED = "train.trainer={devices: 1, accelerator: cpu, strategy: fsdp2, max_steps: 2"


def test_a_part_with_a_weight_that_cannot_be_divided_is_named(folder, metrics, monkeypatch):
    (folder / "part_with_a_number.py").write_text(PART, encoding="utf-8")
    monkeypatch.syspath_prepend(folder)
    registry = Registry({**default_registry().table, "test.scale": "part_with_a_number:Scale"})
    given = [
        "modules.scale={module: test.scale, from: head.log_probs}",
        "modules.loss.from.log_probs=scale.log_probs",
        f"{SHARDED}}}",
    ]
    graph = load_graph(folder / "graph.yaml", given, registry)
    with pytest.raises(GraphError) as caught:
        fit(graph, registry, folder / "run", metrics=metrics, say=lambda _: None)
    (fault,) = caught.value.diagnostics
    assert fault.code == "PT022"
    assert fault.message == (
        "`fsdp2` cannot divide the weights of `scale`: `scale` is a single number, "
        "not a vector of one"
    )
    assert not torch.distributed.is_initialized()


def test_an_optimizer_that_needs_whole_weights_is_refused(train):
    with pytest.raises(GraphError, match="PyTorch cannot compute this with divided weights"):
        train(f"{SHARDED}}}", "train.optimizer={name: adafactor, lr: 1e-3}")
    assert not torch.distributed.is_initialized()


@pytest.mark.parametrize("precision", ["bf16-mixed", "bf16-true"])
def test_divided_weights_of_fewer_digits_are_trained(train, precision):
    result = train(f"{SHARDED}, precision: {precision}}}")
    assert "LOCAL_RANK" not in os.environ  # or the next training waits for a second process
    weights = read_bundle(result.last, default_registry()).weights.values()
    assert all(weight.isfinite().all() for weight in weights)


def test_a_loss_that_is_not_finite_is_told(train):
    with pytest.raises(DataError) as caught:
        train(f"{SHARDED}}}", "train.optimizer={name: sgd, lr: 1e11}")
    assert [fault.code for fault in caught.value.diagnostics] == ["PT004"]
