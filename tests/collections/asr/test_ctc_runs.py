from __future__ import annotations

from itertools import groupby

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from phonograph.collections.asr.ctc_runs import collapse

BLANK = 2


def naive(labels, scores):
    """Collapse one utterance frame by frame."""
    found, frame = [], 0
    for label, run in groupby(labels):
        end = frame + len(list(run))
        if label != BLANK:
            found.append((label, frame, end, max(scores[frame:end])))
        frame = end
    return found


@st.composite
def batches(draw):
    shape = draw(st.tuples(st.integers(1, 4), st.integers(0, 9)))
    labels = draw(arrays.arrays(np.int64, shape, elements=st.integers(0, BLANK)))
    scores = draw(arrays.arrays(np.float32, shape, elements=st.floats(-9, 0, width=32)))
    lengths = draw(arrays.arrays(np.int64, shape[:1], elements=st.integers(0, shape[1])))
    return labels, scores, lengths


@given(batches())
def test_it_gives_what_a_loop_over_frames_gives(batch):
    labels, scores, lengths = batch
    runs = collapse(labels, scores, lengths, BLANK)
    assert len(runs) == len(labels)
    for run, row, score, length in zip(runs, labels, scores, lengths, strict=True):
        columns = (run.tokens.tolist(), run.starts.tolist(), run.ends.tolist(), run.peaks.tolist())
        assert list(zip(*columns, strict=True)) == naive(
            row[:length].tolist(), score[:length].tolist()
        )


@given(batches())
def test_frames_past_the_end_do_not_matter(batch):
    labels, scores, lengths = batch
    padding = np.arange(labels.shape[1]) >= lengths[:, None]
    expected = collapse(labels, scores, lengths, BLANK)
    found = collapse(
        np.where(padding, 1, labels), np.where(padding, np.nan, scores), lengths, BLANK
    )
    for run, other in zip(found, expected, strict=True):
        assert run.tokens.tolist() == other.tokens.tolist()
        assert run.peaks.tolist() == other.peaks.tolist()
