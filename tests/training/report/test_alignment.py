"""When each kind of decoder heard its tokens."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from phonograph.graphs.model import Model
from phonograph.graphs.spec import PortName
from phonograph.training.report.alignment import alignment

KINDS = ("ctc", "attention", "transducer", "tdt")
SEEDS = (1, 2)
SURE = 0.9
FRAMES = 19
ALPHABET = "abcd "


def frames_that_say(letters, odds=SURE):
    """Log-probabilities [1, T, V + 1] that say a letter in each frame; `_` is the blank."""
    places = [(ALPHABET + "_").index(letter) for letter in letters]
    rest = (1 - odds) / len(ALPHABET)
    scores = torch.full((1, len(letters), len(ALPHABET) + 1), rest)
    scores[0, range(len(letters)), places] = odds
    return scores.log()


def aligned(model, batch):
    found = alignment(model, batch)
    assert found is not None
    return found


@pytest.fixture
def heard_by_ctc(untrained, utterance):
    """Align an utterance by a head that gives these scores, and then blanks."""

    def heard(scores):
        model = untrained("ctc")
        blanks = frames_that_say("_" * (FRAMES - scores.shape[1]), odds=1.0)
        model.modules["head"].forward = lambda encoded: torch.cat([scores, blanks], dim=1)
        batch, _ = utterance(model)
        return aligned(model, batch)

    return heard


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_aligned_is_what_the_view_says(untrained, utterance, kind, seed):
    model = untrained(kind, seed)
    batch, _ = utterance(model)
    found = aligned(model, batch)
    with torch.inference_mode():
        (heard,) = model.view("validate")(batch)[PortName("text", "hypotheses")]
    assert found.runs.tokens.tolist() == list(heard.tokens)[:150]
    assert found.words == heard.words
    assert found.period == pytest.approx(0.02)
    assert found.heat.shape == (len(found.rows), FRAMES)
    assert found.heat.min(initial=0) >= 0
    assert found.heat.max(initial=0) <= 1 + 1e-6
    assert len(found.names) == len(found.places) == len(found.runs.tokens)
    assert all(
        0 <= s < e <= FRAMES for s, e in zip(found.runs.starts, found.runs.ends, strict=True)
    )
    assert (np.diff(found.runs.starts) >= 0).all()


def test_rows_of_ctc_are_the_letters_that_are_read_or_nearly_in_the_order_of_speech(heard_by_ctc):
    scores = frames_that_say("b_aa_ b")
    scores[0, 1, :] = torch.tensor([0.01, 0.01, 0.01, 0.3, 0.01, 0.66]).log()
    found = heard_by_ctc(scores)
    assert list(found.rows) == ["b", "d", "a", "␣"]
    assert list(found.names) == ["b", "a", "␣", "b"]
    assert list(found.places) == [0, 2, 3, 0]
    assert (found.runs.starts.tolist(), found.runs.ends.tolist()) == ([0, 2, 5, 6], [1, 4, 6, 7])
    assert found.note == (
        "The stronger the colour, the likelier the token in that frame, on a logarithmic scale "
        "from one in a thousand up; framed is the greedy path without its blanks."
    )


def test_a_token_of_ctc_is_white_below_one_in_a_thousand(heard_by_ctc):
    scores = frames_that_say("ab", odds=0.999)
    scores[0, 1, 0] = -torch.inf
    found = heard_by_ctc(scores)
    expected = [[1 + np.log10(0.999) / 3, 0], [0, 1 + np.log10(0.999) / 3]]
    assert found.heat[:, :2] == pytest.approx(np.array(expected), abs=1e-6)
    assert not found.heat[:, 2:].any()


def test_a_model_that_says_nothing_shows_what_it_nearly_said(heard_by_ctc):
    found = heard_by_ctc(frames_that_say("____"))
    assert sorted(found.rows) == ["a", "b", "c", "d", "␣"]
    assert found.heat[:, :4] == pytest.approx(1 + np.log10(0.02) / 3)
    assert (found.heat.shape, len(found.runs.tokens), found.words) == ((5, FRAMES), 0, ())


def test_attention_is_that_of_the_tokens_that_were_written(untrained, utterance):
    model = untrained("attention", seed=1)
    batch, _ = utterance(model)
    found = aligned(model, batch)
    assert len(found.runs.tokens) > 1
    assert found.heat.max() == pytest.approx(1)
    latest = np.maximum.accumulate(found.heat.argmax(1))
    assert found.runs.starts.tolist() == latest.tolist()
    assert found.note == (
        "The stronger the colour, the more the frame weighed when the token was written; "
        "framed is the heaviest, never before an earlier token's."
    )


@pytest.mark.parametrize("kind", ["transducer", "tdt"])
def test_a_token_of_a_transducer_is_as_dark_as_it_is_sure(untrained, utterance, kind):
    model = untrained(kind, seed=1)
    batch, _ = utterance(model)
    found = aligned(model, batch)
    assert len(found.runs.tokens) > 1
    columns = (found.runs.starts, found.runs.ends, found.runs.peaks)
    for row, (start, end, peak) in enumerate(zip(*columns, strict=True)):
        assert found.heat[row, start:end] == pytest.approx(np.exp(peak))
        assert found.heat[row].sum() == pytest.approx((end - start) * np.exp(peak), rel=1e-5)
    assert found.note.startswith(
        "Each token stands at the frame at which the transducer said it; the stronger the colour, "
        "the surer."
    )


def test_of_a_transducer_that_never_ends_the_first_tokens_are_drawn(untrained, utterance):
    model = untrained("transducer")
    with torch.no_grad():
        for weight in model.modules["joint"].tokens.parameters():
            weight.zero_()
        model.modules["joint"].tokens.bias[0] = 9.0
    batch, _ = utterance(model)
    found = aligned(model, batch)
    assert found.heat.shape[0] == len(found.rows) == len(found.names) == 150
    assert found.note.endswith(" Drawn are the first 150 of 190 tokens.")
    assert found.rows[0] == "a" * 150
    assert set(found.rows[1:]) == {""}


class Oracle:
    """A decoder of somebody else's."""

    def __call__(self, **given):
        return ["abd"], ["abd"]


def test_an_unknown_decoder_is_not_aligned(untrained, utterance):
    model = untrained("transducer")
    model.modules["text"] = Oracle()
    batch, _ = utterance(model)
    assert alignment(model, batch) is None


def test_a_graph_that_scores_nothing_is_not_aligned(untrained, utterance):
    model = untrained("ctc")
    spec = replace(model.graph.spec, views={"infer": model.graph.spec.views["infer"]})
    batch, _ = utterance(model)
    assert alignment(Model(replace(model.graph, spec=spec), model.modules), batch) is None
