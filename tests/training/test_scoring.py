"""Scores over a whole set."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from phonograph.collections.asr.word_errors import word_errors
from phonograph.graphs.spec import PortName
from phonograph.graphs.views import plan_view
from phonograph.training.scoring import Scorer, losses_of

TEXT, SAID = PortName("text", "text"), PortName("data", "text")
LOSS, REJECTED = PortName("loss", "loss"), PortName("loss", "rejected")

texts = st.text("ab ", max_size=8)


def _scorer(graph):
    return Scorer(graph, plan_view(graph, "validate"), {"wer": word_errors, "cer": word_errors})


def _values(pairs, loss=0.0, rejected=0):
    return {
        TEXT: [heard for _, heard in pairs],
        SAID: [said for said, _ in pairs],
        LOSS: torch.tensor(loss),
        REJECTED: torch.arange(len(pairs)) < rejected,
    }


@given(pairs=st.lists(st.tuples(texts, texts), min_size=1, max_size=8), cut=st.integers(1, 7))
def test_batches_do_not_matter(pairs, cut, tones):
    whole, parts = _scorer(tones), _scorer(tones)
    whole.add(_values(pairs), len(pairs))
    for part in (pairs[:cut], pairs[cut:]):
        if part:
            parts.add(_values(part), len(part))
    assert parts.counts == whole.counts
    assert whole.counts["wer"] == word_errors(*zip(*pairs, strict=True))


def test_the_loss_is_the_mean_over_utterances_that_count(tones):
    scorer = _scorer(tones)
    scorer.add(_values([("a", "a")] * 3, loss=2.0, rejected=1), 3)
    scorer.add(_values([("a", "a")] * 4, loss=5.0), 4)
    assert scorer.loss == pytest.approx((2 * 2.0 + 4 * 5.0) / 6)
    assert scorer.scores == {"wer": 0.0, "cer": 0.0, "loss": scorer.loss}


def test_nothing_measured_is_no_loss(tones):
    scorer = _scorer(tones)
    scorer.add(_values([("a", "a")], loss=0.0, rejected=1), 1)
    assert scorer.loss is None
    assert "loss" not in scorer.scores


def test_losses_are_added_up(tones):
    view = plan_view(tones, "train")
    found = losses_of(tones, view, _values([("a", "a")], loss=2.0, rejected=1))
    assert found is not None
    assert float(found.total) == 2.0
    assert found.rejected[REJECTED].tolist() == [True]
    infer = plan_view(tones, "infer")
    assert losses_of(tones, infer, {}) is None
