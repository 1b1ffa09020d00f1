"""Manifests mixed by weight."""

from collections import Counter
from itertools import chain

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from phonograph.data.manifest_index import read_manifest
from phonograph.data.mixture import Mixture, WeightedManifest
from phonograph.data.training_sampler import TrainingSampler


@pytest.fixture
def parts(record, write_manifest, tmp_path):
    record("a.wav")
    found = []
    for name, count in (("x", 5), ("y", 8)):
        line = {"audio_filepath": "a.wav", "duration": 0.5, "text": "yes"}
        path = write_manifest(*({**line, "id": f"{name}{n}"} for n in range(count)))
        found.append(read_manifest(path.rename(tmp_path / f"{name}.jsonl")))
    return found


def test_one_manifest_follows_the_other(parts):
    mixture = Mixture(parts, [1.0, 1.0])
    assert [u.id for u in mixture] == [*(f"x{n}" for n in range(5)), *(f"y{n}" for n in range(8))]
    assert list(mixture.durations) == [0.5] * 13
    assert mixture[-1].id == "y7"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(weights=st.tuples(*[st.floats(0.01, 4)] * 2), epoch=st.integers(0, 99))
def test_utterances_come_as_often_as_they_weigh(parts, weights, epoch):
    drawn = Mixture(parts, weights).draw(7, epoch).tolist()
    times = Counter(drawn)
    for first, count, weight in ((0, 5, weights[0]), (5, 8, weights[1])):
        each = [times[n] for n in range(first, first + count)]
        assert all(int(weight) <= number <= int(weight) + 1 for number in each)
        assert abs(sum(each) - weight * count) <= 0.5 + 1e-9
    assert drawn == Mixture(parts, weights).draw(7, epoch).tolist()


def test_every_utterance_comes_once_with_weights_of_one(parts):
    assert sorted(Mixture(parts, [1.0, 1.0]).draw(0, 3).tolist()) == list(range(13))


def test_epochs_draw_differently_and_have_as_many_batches(parts):
    mixture = Mixture(parts, [0.5, 1.5])
    sampler = TrainingSampler(mixture.durations, seconds=1.0, seed=0, draw=mixture.draw)
    epochs = [sampler.batches(epoch) for epoch in range(6)]
    assert {len(batches) for batches in epochs} == {len(sampler)}
    assert len({tuple(sorted(chain.from_iterable(batches))) for batches in epochs}) > 1


@pytest.mark.parametrize("weight", [0.0, -1.0, 1001.0])
def test_weights_out_of_range_are_refused(weight):
    with pytest.raises(ValueError, match="`weight` must be above 0 and at most 1000"):
        WeightedManifest(weight=weight)
