"""What several processes measure, put together."""

from threading import Barrier, Thread

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from phonograph.collections.asr.word_errors import character_errors, word_errors
from phonograph.graphs.spec import PortName
from phonograph.graphs.views import plan_view
from phonograph.training import validation
from phonograph.training.validation import Validation

METRICS = {"wer": word_errors, "cer": character_errors}
TEXTS = st.text("ab ", max_size=6)
BATCHES = st.lists(
    st.tuples(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=3), st.floats(0, 9)),
    min_size=1,
    max_size=8,
)


def _of(graph):
    return Validation(graph, plan_view(graph, "validate"), METRICS)


def _add(to, number, batch, graph):
    pairs, loss = batch
    rejected = [p for p in plan_view(graph, "validate").outputs if p.port == "rejected"]
    values = {
        PortName("data", "text"): [said for said, _ in pairs],
        PortName("text", "text"): [heard for _, heard in pairs],
        PortName("loss", "loss"): torch.tensor(loss),
        **dict.fromkeys(rejected, torch.zeros(len(pairs), dtype=torch.bool)),
    }
    to.add(number, values, len(pairs), [f"{number}-{row}" for row in range(len(pairs))])


def _gathering(monkeypatch, world):
    """Let threads take the places of processes."""
    both, given = Barrier(world), []

    def gather(parts, mine):
        given.append(mine)
        both.wait(10)
        parts[:] = given

    monkeypatch.setattr(validation, "all_gather_object", gather)


@given(batches=BATCHES, world=st.integers(1, 3))
def test_scores_do_not_depend_on_how_many_processes_measured(tones, batches, world):
    alone = _of(tones)
    parts = [_of(tones) for _ in range(world)]
    for number, batch in enumerate(batches):
        _add(alone, number, batch, tones)
        _add(parts[number % world], number, batch, tones)
    expected = alone.finish(1)
    assert [one.id for one in expected[1]] == [
        f"{number}-{row}" for number, (pairs, _) in enumerate(batches) for row in range(len(pairs))
    ]
    found = []
    with pytest.MonkeyPatch.context() as patch:
        _gathering(patch, world)
        threads = [Thread(target=lambda p=part: found.append(p.finish(world))) for part in parts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert found == [expected] * world
