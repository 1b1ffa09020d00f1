"""A frozen prefix, computed once."""

import re

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from phonograph.collections import default_registry
from phonograph.graphs.prefix import find_prefix
from phonograph.graphs.spec import PortName
from phonograph.training import cached_prefix
from phonograph.training.cached_prefix import (
    Place,
    after_prefix,
    cache_prefix,
    collate_ports,
    estimated_bytes,
)
from phonograph.training.split import open_split, to_device
from phonograph.training.starting_point import starting_point

CPU = torch.device("cpu")


@pytest.fixture
def model(load, frozen):
    return starting_point(load(*frozen), default_registry(), seed=0, say=lambda line: None)


def _cache(model, place, view="train"):
    said: list[str] = []
    split = open_split(model, view)
    return split, cache_prefix(model, view, split, place, said.append), said


@pytest.mark.parametrize("memory", [0, 2000, 1 << 30])
def test_what_goes_on_after_the_prefix_is_what_goes_on_without(tmp_path, model, memory):
    place = Place(tmp_path / "cache", CPU, memory=memory)
    split, items, _ = _cache(model, place)
    model.module.eval()
    cached = after_prefix(model, "train", split, items)
    assert "encoder" not in cached.view.view.nodes
    pairs = zip(split.evaluation(), cached.evaluation(), strict=True)
    for whole, rest in pairs:
        assert whole[PortName("data", "id")] == rest[PortName("data", "id")]
        assert PortName("data", "audio") not in rest
        values, again = split.view(whole), cached.view(rest)
        for port in (PortName("loss", "loss"), PortName("loss", "rejected")):
            torch.testing.assert_close(again[port], values[port], rtol=1e-4, atol=1e-5)


def test_an_item_has_no_padding_and_is_what_the_prefix_gives_it_alone(tmp_path, model):
    split, items, _ = _cache(model, Place(tmp_path, CPU))
    prefix = find_prefix(model, "train")
    assert prefix is not None
    head = model.compile(prefix.head)
    for number in range(len(split.dataset)):
        batch = to_device(split.collate([split.dataset[number]]), CPU)
        with torch.no_grad():
            alone = head(batch)
        item = items[number]
        for port in prefix.boundary:
            torch.testing.assert_close(item[port], alone[port][0], rtol=1e-4, atol=1e-5)
        assert item[PortName("data", "id")] == batch[PortName("data", "id")][0]


def test_memory_is_bounded_and_the_rest_lies_in_the_folder(tmp_path, model):
    _, items, said = _cache(model, Place(tmp_path / "cache", CPU, memory=2000))
    assert items.store.bytes_in_memory <= 2000
    assert (tmp_path / "cache" / "train.bin").stat().st_size == items.store.bytes_in_file > 0
    assert said[0] == "computing `mel`, `encoder` once for 8 utterances of train"
    assert said[1].startswith("kept 1.")
    assert " kB in memory and " in said[1]


def test_what_lies_wholly_on_disk_is_not_said_to_be_in_memory(tmp_path, model):
    _, _, said = _cache(model, Place(tmp_path / "cache", CPU, memory=0))
    assert re.fullmatch(r"kept [\d.]+ kB on disk \([\d.]+ s\)", said[1])


def test_one_utterance_is_counted_as_one(tmp_path, load, frozen, folder):
    line = (folder / "train.jsonl").read_text(encoding="utf-8").splitlines()[0]
    (folder / "one.jsonl").write_text(line, encoding="utf-8")
    graph = load(*frozen, f"modules.data.with.train={folder / 'one.jsonl'}")
    model = starting_point(graph, default_registry(), seed=0, say=lambda line: None)
    _, _, said = _cache(model, Place(tmp_path / "cache", CPU))
    assert said[0] == "computing `mel`, `encoder` once for 1 utterance of train"


def test_the_validation_split_is_kept_apart_with_its_texts(tmp_path, model):
    _, items, _ = _cache(model, Place(tmp_path, CPU, memory=0), view="validate")
    assert [items[number][PortName("data", "text")] for number in (0, 1)] == ["abd", "ca b"]
    assert (tmp_path / "validation.bin").exists()


def test_a_trainable_start_leaves_nothing_to_compute_once(tmp_path, load):
    graph = load(
        "modules.mel=null",
        "modules.encoder.from=augment.features",
        "modules.first={module: asr.log_mel, from: data.audio, with: {n_mels: 16}}",
        "modules.augment={module: asr.spec_augment, from: first.features}",
    )
    model = starting_point(graph, default_registry(), seed=0, say=print)
    _, items, said = _cache(model, Place(tmp_path, CPU))
    # only the random and the trainable nodes come after the filters
    assert said[0] == "computing `first` once for 8 utterances of train"
    assert items is not None


def test_a_disk_that_is_too_full_is_left_alone(tmp_path, model, monkeypatch):
    monkeypatch.setattr(cached_prefix, "_free_bytes", lambda folder: 1000)
    split, items, said = _cache(model, Place(tmp_path / "cache", CPU, memory=0))
    assert items is None
    assert after_prefix(model, "train", split, items) is split
    (line,) = said
    assert line.startswith("`mel`, `encoder` would take ")
    assert line.endswith("1.0 kB free: they are computed in every epoch")
    assert not (tmp_path / "cache").exists()


def test_the_estimate_is_close(tmp_path, model):
    split, items, _ = _cache(model, Place(tmp_path, CPU))
    prefix = find_prefix(model, "train")
    assert prefix is not None
    estimate = estimated_bytes(model.graph, prefix.boundary, split.dataset.durations)
    others: int = sum(
        int(tensor.nbytes)
        for number in range(len(items))
        for port, tensor in items[number].items()
        if isinstance(tensor, torch.Tensor) and port not in prefix.boundary
    )
    assert estimate == pytest.approx(items.store.bytes_in_memory - others, rel=0.2)


shapes = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=5)


@given(shapes)
def test_a_batch_holds_every_item_and_zeros(shapes):
    port, name = PortName("a", "x"), PortName("a", "name")
    items = [{port: torch.ones(shape), name: str(shape)} for shape in shapes]
    batch = collate_ports(items)
    assert batch[name] == [str(shape) for shape in shapes]
    assert batch[port].shape == (len(shapes), max(a for a, _ in shapes), max(b for _, b in shapes))
    assert batch[port].sum() == sum(a * b for a, b in shapes)
    for row, (a, b) in zip(batch[port], shapes, strict=True):
        assert row[:a, :b].eq(1).all()
