"""The batches of an evaluation, divided among processes."""

from hypothesis import given
from hypothesis import strategies as st

from phonograph.data.batching import evaluation_batches
from phonograph.data.evaluation_sampler import EvaluationSampler

DURATIONS = st.lists(st.floats(0.1, 20), max_size=40)
WORLDS = st.integers(1, 7)


def _parts(durations, world):
    return [
        EvaluationSampler(durations, seconds=20, rank=rank, world=world) for rank in range(world)
    ]


@given(DURATIONS, WORLDS)
def test_those_that_count_are_the_batches_of_one_process_in_turn(durations, world):
    parts = _parts(durations, world)
    counted = {
        number * world + rank: batch
        for rank, part in enumerate(parts)
        for number, batch in enumerate(part)
        if not part.stands_in(number)
    }
    assert [counted[n] for n in sorted(counted)] == evaluation_batches(durations, seconds=20)


@given(DURATIONS, WORLDS)
def test_every_process_takes_as_many(durations, world):
    parts = _parts(durations, world)
    lengths = {len(part) for part in parts} | {len(list(part)) for part in parts}
    assert len(lengths) == 1
    assert sum(part.stands_in(n) for part in parts for n in range(len(part))) < world
