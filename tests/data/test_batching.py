"""Batches of so many seconds."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonograph.data.batching import (
    batch_share,
    dealt_batches,
    evaluation_batches,
    length_buckets,
    training_batches,
)

durations = st.lists(st.floats(0.05, 40), min_size=1, max_size=120)
budgets = st.floats(1, 200)
seeds = st.integers(0, 2**32)
epochs = st.integers(0, 1000)


def _padded(batch: list[int], lengths: list[float]) -> float:
    return len(batch) * max(lengths[index] for index in batch)


@given(durations, budgets, seeds, epochs)
def test_every_utterance_comes_once_within_the_budget(lengths, seconds, seed, epoch):
    batches = training_batches(lengths, seconds=seconds, seed=seed, epoch=epoch)
    assert sorted(index for batch in batches for index in batch) == list(range(len(lengths)))
    assert all(
        len(batch) == 1 or _padded(batch, lengths) <= seconds * (1 + 1e-9) for batch in batches
    )


@given(durations, budgets, seeds, epochs, st.integers(1, 9))
def test_ranks_share_the_work_in_equal_counts(lengths, seconds, seed, epoch, world):
    def deal(rank: int, world: int) -> list[list[int]]:
        return training_batches(
            lengths, seconds=seconds, seed=seed, epoch=epoch, rank=rank, world=world
        )

    alone = deal(0, 1)
    ranks = [deal(rank, world) for rank in range(world)]
    assert len({len(batches) for batches in ranks}) == 1
    in_turn = [batch for step in zip(*ranks, strict=True) for batch in step]
    assert len(in_turn) - len(alone) < world
    if len(alone) % world == 0:
        assert in_turn == alone
    once = in_turn[: len(lengths)]
    assert sorted(index for batch in once for index in batch) == list(range(len(lengths)))
    assert [index for batch in once for index in batch] == [i for batch in alone for i in batch]
    assert all(
        len(batch) == 1 or _padded(batch, lengths) <= seconds * (1 + 1e-9) for batch in in_turn
    )


@given(durations, budgets, seeds, epochs, st.integers(1, 9))
def test_shares_make_of_means_the_mean_over_utterances(lengths, seconds, seed, epoch, world):
    dealt = dealt_batches(lengths, seconds=seconds, seed=seed, epoch=epoch, unit=world)
    sizes = [len(batch) for batch in dealt]
    for start in range(0, len(dealt), world):
        step = range(start, start + world)
        shares = [
            batch_share(sizes, number, together=world, utterances=len(lengths)) for number in step
        ]
        means = [np.mean([lengths[index] for index in dealt[number]]) for number in step]
        heard = [index for number in step if number < len(lengths) for index in dealt[number]]
        assert np.mean(shares) == pytest.approx(1)
        joint = np.mean([lengths[index] for index in heard])
        assert np.mean(np.multiply(shares, means)) == pytest.approx(joint)


@given(durations, budgets, seeds, epochs)
def test_every_epoch_has_as_many_batches(lengths, seconds, seed, epoch):
    counts = [
        len(training_batches(lengths, seconds=seconds, seed=seed, epoch=number))
        for number in (0, epoch)
    ]
    assert counts[0] == counts[1]


@given(durations, budgets, seeds, epochs)
def test_the_same_seed_and_epoch_give_the_same_batches(lengths, seconds, seed, epoch):
    first, second = (
        training_batches(lengths, seconds=seconds, seed=seed, epoch=epoch) for _ in range(2)
    )
    assert first == second


def test_another_epoch_or_seed_gives_other_companies_and_another_order():
    lengths = np.random.default_rng(0).uniform(1, 15, 400).tolist()
    dealt = [
        training_batches(lengths, seconds=60, seed=seed, epoch=epoch)
        for seed, epoch in [(0, 0), (0, 1), (1, 0)]
    ]
    companies = [{frozenset(batch) for batch in batches} for batches in dealt]
    assert len(companies[0] & companies[1]) < 0.05 * len(companies[0])
    assert len(companies[0] & companies[2]) < 0.05 * len(companies[0])


def test_the_order_of_batches_does_not_follow_length():
    lengths = np.random.default_rng(0).uniform(1, 15, 2000).tolist()
    batches = training_batches(lengths, seconds=60, seed=0, epoch=0)
    longest = [max(lengths[index] for index in batch) for batch in batches]
    assert abs(np.corrcoef(longest, range(len(longest)))[0, 1]) < 0.15


def test_little_of_a_batch_is_padding():
    lengths = (np.random.default_rng(0).gamma(4, 2, 5000) + 0.3).tolist()
    batches = training_batches(lengths, seconds=240, seed=0, epoch=0)
    assert sum(lengths) / sum(_padded(batch, lengths) for batch in batches) > 0.88
    assert len(batches) < 1.15 * sum(lengths) / 240


@given(durations, budgets)
def test_all_buckets_but_the_last_fill_whole_batches(lengths, seconds):
    buckets = length_buckets(lengths, seconds)
    assert all(len(bucket.members) % bucket.batch == 0 for bucket in buckets[:-1])


@given(durations, budgets)
def test_evaluation_takes_each_utterance_once_longest_first(lengths, seconds):
    batches = evaluation_batches(lengths, seconds=seconds)
    order = [index for batch in batches for index in batch]
    assert Counter(order) == Counter(range(len(lengths)))
    assert [lengths[index] for index in order] == sorted(lengths, reverse=True)
    assert all(len(batch) == 1 or _padded(batch, lengths) <= seconds for batch in batches)


def test_an_utterance_longer_than_the_budget_is_alone():
    batches = training_batches([100.0, 1.0, 1.0], seconds=10, seed=0, epoch=0)
    assert [0] in batches
    assert evaluation_batches([1.0, 100.0, 1.0], seconds=10) == [[1], [0, 2]]


@pytest.mark.parametrize("seconds", [0, -1, float("nan")])
def test_a_budget_of_nothing_is_refused(seconds):
    for deal in (
        lambda: training_batches([1.0], seconds=seconds, seed=0, epoch=0),
        lambda: evaluation_batches([1.0], seconds=seconds),
    ):
        with pytest.raises(ValueError, match=f"^a batch needs more than {seconds} seconds$"):
            deal()
