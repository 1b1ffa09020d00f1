import pytest
import torch

from phonograph.collections import default_registry
from phonograph.graphs.model import build
from phonograph.graphs.spec import PortName
from phonograph.training.cached_prefix import Place
from phonograph.training.split import open_split
from phonograph.training.trial import (
    Runner,
    deal,
    longest_first,
    padded_seconds,
    shapes,
    total_seconds,
    try_view,
)

REGISTRY = default_registry()


@pytest.fixture
def model(tones):
    return build(tones)


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path, torch.device("cpu"))


def test_the_longest_batch_comes_first_and_none_twice():
    batches, durations = [[0], [1, 2], [3]], [1.0, 2.0, 3.0, 5.0]
    assert longest_first(batches, durations, 9) == [[1, 2], [0], [3]]
    assert longest_first(batches, durations, 1) == [[1, 2]]


def test_padding_counts():
    assert padded_seconds([1.0, 2.0]) == 4.0


def test_batches_are_dealt_as_training_deals_them(model):
    split = open_split(model, "train")
    dealt = deal(split, training=True, seed=0, world=1)
    assert dealt.batches == len(split.training(seed=0, rank=0, world=1))
    longest = max(dealt.loaded, key=lambda batch: batch.padded_seconds)
    assert dealt.loaded[0].padded_seconds == longest.padded_seconds
    read = sum(batch.padded_seconds for batch in dealt.loaded)
    assert len(dealt.loaded) == dealt.batches
    assert dealt.padded_seconds == pytest.approx(read)
    assert deal(split, training=True, seed=0, world=2).batches < dealt.batches


def test_of_a_split_to_evaluate_one_batch_is_read(model):
    split = open_split(model, "validate")
    dealt = deal(split, training=False, seed=0, world=1)
    assert (len(dealt.loaded), dealt.batches) == (1, len(split.evaluation()))
    assert dealt.padded_seconds == pytest.approx(total_seconds(split))


@pytest.mark.parametrize("apart", [True, False])
def test_a_prefix_apart_changes_no_result(model, place, apart):
    batch = deal(open_split(model, "train"), training=True, seed=0, world=1).loaded[0]
    whole = model.module.eval() and model.view("train")(batch.values)
    runner = Runner(model, "train", place, apart=apart)
    assert runner.prefix_nodes == (("mel",) if apart else ())
    values = runner.forward(runner.given(batch.values), training=False)
    loss = PortName("loss", "loss")
    assert torch.allclose(values[loss], whole[loss])


def test_a_view_is_tried_on_real_data(model, place, metrics):
    batched = deal(open_split(model, "validate"), training=False, seed=0, world=1)
    runner = Runner(model, "validate", place, apart=True)
    trial = try_view(runner, batched, metrics, fed=False)
    assert (trial.view, trial.split, trial.utterances) == ("validate", "validation", 2)
    assert trial.audio_seconds == pytest.approx(7 / 8)
    assert trial.inputs["data.audio"] == (2, 4000)
    assert trial.outputs["text.text"] == (2,)
    assert trial.finite
    assert trial.rejected == ()
    assert runner.rate > 0
    assert runner.prefix_rate > 0


def test_shapes_are_of_tensors_and_lists():
    texts, loss = PortName("data", "text"), PortName("loss", "loss")
    told = shapes({texts: ["a", "b"], loss: torch.tensor(1.0)}, [texts, loss])
    assert told == {"data.text": (2,), "loss.loss": ()}
