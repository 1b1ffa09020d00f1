"""Loading in this process and in workers."""

import multiprocessing
from collections.abc import Sequence

import pytest
import torch

from phonograph.data.characters import CharacterTokenizer
from phonograph.data.dataset import SpeechDataset
from phonograph.data.loader import Loader, evaluation_loader
from phonograph.data.training_sampler import TrainingSampler
from phonograph.errors import DataError, Diagnostic

ENGLISH = CharacterTokenizer("abcdefghijklmnopqrstuvwxyz '")


def training_loader(dataset, *, workers=0, skip=None, **dealt):
    return Loader(dataset, TrainingSampler(dataset.durations, **dealt), workers=workers, skip=skip)


@pytest.fixture
def dataset(say):
    lengths = [0.1, 0.2, 0.4, 0.3, 0.5]
    utterances = [
        say(f"{number}.wav", line=number + 1, seconds=seconds)
        for number, seconds in enumerate(lengths)
    ]
    return SpeechDataset(utterances, ENGLISH, 8000)


def test_evaluation_gives_every_utterance_once_in_one_order(dataset):
    loader = evaluation_loader(dataset, seconds=1)
    passes = [[batch["id"] for batch in loader] for _ in range(2)]
    assert passes[0] == [["4", "2"], ["3", "1", "0"]] == passes[1]
    assert len(loader) == 2


def test_an_epoch_can_be_heard_again_and_another_differs(dataset):
    loader = training_loader(dataset, seconds=0.5, seed=1)

    def heard(epoch: int) -> list[list[str]]:
        loader.set_epoch(epoch)
        batches = [batch["id"] for batch in loader]
        assert len(batches) == len(loader)
        return batches

    epochs = [heard(epoch) for epoch in range(4)]
    assert [heard(epoch) for epoch in range(4)] == epochs
    assert epochs != [epochs[0]] * 4
    for batches in epochs:
        assert sorted(name for batch in batches for name in batch) == list("01234")


def test_two_ranks_hear_everything_in_as_many_batches(dataset):
    loaders = [training_loader(dataset, seconds=0.5, seed=0, rank=r, world=2) for r in (0, 1)]
    assert len(loaders[0]) == len(loaders[1])
    heard = {name for loader in loaders for batch in loader for name in batch["id"]}
    assert heard == set("01234")


def test_loading_leaves_the_random_state_of_training_alone(dataset):
    before = torch.get_rng_state()
    list(training_loader(dataset, seconds=1, seed=0))
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_workers_give_what_this_process_gives_epoch_after_epoch(dataset, start):
    here = training_loader(dataset, seconds=0.5, seed=3)
    there = training_loader(dataset, seconds=0.5, seed=3, workers=2)
    there.multiprocessing_context = start
    for epoch in range(2):
        here.set_epoch(epoch)
        there.set_epoch(epoch)
        for mine, theirs in zip(here, there, strict=True):
            assert mine["id"] == theirs["id"]
            assert torch.equal(mine["audio"], theirs["audio"])
            assert torch.equal(mine["tokens"], theirs["tokens"])


@pytest.mark.parametrize("workers", [0, 2])
def test_faults_in_a_worker_are_told_as_they_are(dataset, say, workers):
    say("2.wav", seconds=0.4, rate=16000)
    say("4.wav", seconds=0.5, channels=2)
    loader = evaluation_loader(dataset, seconds=1, workers=workers)
    for _ in range(2):
        with pytest.raises(DataError) as caught:
            list(loader)
        told = [(fault.code, str(fault.place)) for fault in caught.value.diagnostics]
        manifest = say("x.wav").manifest
        assert told == [("PD011", f"{manifest}:5"), ("PD011", f"{manifest}:3")]
        assert str(caught.value).startswith("error[PD011]: `")


def test_a_fault_leaves_no_worker_behind(dataset, say):
    say("4.wav", seconds=0.5, channels=2)
    loader = evaluation_loader(dataset, seconds=1, workers=2)
    with pytest.raises(DataError):
        list(loader)
    assert multiprocessing.active_children() == []


def test_a_pass_that_is_left_early_leaves_no_worker_behind_once_closed(dataset):
    loader = evaluation_loader(dataset, seconds=0.5, workers=2)
    begun = iter(loader)
    next(begun)
    assert multiprocessing.active_children() != []
    loader.close()
    assert multiprocessing.active_children() == []
    assert len(list(loader)) == len(loader)
    loader.close()


@pytest.fixture
def spoilt(dataset, tmp_path):
    """Two recordings that cannot be read; one of them is a batch of its own at 0.5 s."""
    for name in ("4.wav", "1.wav"):
        (tmp_path / name).write_bytes(b"nothing to hear")
    return dataset


@pytest.mark.parametrize("workers", [0, 2])
def test_what_cannot_be_read_is_left_out_of_its_batch_where_asked(spoilt, workers):
    told: list[Sequence[Diagnostic]] = []
    loader = Loader(spoilt, [[4], [3, 1, 0], [2]], workers=workers, skip=told.append)
    assert [batch["id"] for batch in loader] == [["3", "0"], ["2"]]
    assert [faults[0].code for faults in told] == ["PD010", "PD010"]
    loaded = list(loader.loaded())
    assert [(one.number, one.kept) for one in loaded] == [(0, ()), (1, (0, 2)), (2, (0,))]
    loader.close()


def test_a_batch_without_weight_stands_in_for_one_of_training_that_is_lost(spoilt):
    loader = training_loader(spoilt, seconds=0.5, seed=0, skip=lambda faults: None)
    for epoch in range(3):
        loader.set_epoch(epoch)
        batches = [batch["id"] for batch in loader]
        assert len(batches) == len(loader)
        shares = [loader.share(number, 1, len(loader)) for number in range(len(loader))]
        assert 0 in shares
        heard = [ids for ids, share in zip(batches, shares, strict=True) if share]
        assert sorted(name for ids in heard for name in ids) == ["0", "2", "3"]


def test_a_set_of_which_nothing_can_be_read_is_an_error(spoilt, tmp_path):
    for number in range(5):
        (tmp_path / f"{number}.wav").write_bytes(b"nothing")
    with pytest.raises(DataError, match="PD010"):
        list(training_loader(spoilt, seconds=1, seed=0, skip=lambda faults: None))


def test_in_evaluation_by_two_what_is_lost_is_stood_in_for_and_does_not_count(spoilt):
    alone = evaluation_loader(spoilt, seconds=0.5, skip=lambda faults: None)
    parts = [
        evaluation_loader(spoilt, seconds=0.5, skip=lambda faults: None, rank=rank, world=2)
        for rank in (0, 1)
    ]
    for _ in range(2):
        given = [[batch["id"] for batch in part] for part in parts]
        assert len(given[0]) == len(given[1]) == len(parts[0])
        counted = {
            2 * number + rank: ids
            for rank, part in enumerate(parts)
            for number, ids in enumerate(given[rank])
            if not part.stands_in(number)
        }
        assert [counted[n] for n in sorted(counted)] == [batch["id"] for batch in alone]
