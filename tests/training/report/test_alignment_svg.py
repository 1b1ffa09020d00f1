"""An alignment as a drawing."""

import itertools
import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from phonograph.collections.asr.hypothesis import Word
from phonograph.collections.asr.token_runs import Runs
from phonograph.training.report.alignment import Alignment
from phonograph.training.report.alignment_svg import WIDTH, alignment_svg

RATE = 8000
AUDIO = torch.sin(torch.arange(RATE) / 3)  # a second
TWO = Alignment(
    note="",
    rows=["a", "b"],
    heat=np.array([[1, 0, 0, 0], [0, 0.5, 0.5, 0]], np.float32),
    names=["a", "b"],
    places=[0, 1],
    runs=Runs(np.array([0, 1]), np.array([0, 1]), np.array([1, 3]), np.log([1.0, 0.5])),
    words=(Word("ab", 0.0, 0.75, 0.75),),
    period=0.25,
)


def shown(found, audio=AUDIO, rate=RATE):
    """The drawing without its two pictures."""
    return re.sub(r"data:image/png;base64,[\w+/=]+", "", alignment_svg(found, audio, rate))


def test_tokens_words_and_seconds_stand_where_they_were_heard():
    assert shown(TWO).splitlines() == [
        f'<svg viewBox="0 0 {WIDTH} 178" role="img" aria-label="tokens over time">',
        '<path class="grid" d="M84.0 17V154.0"/>',
        '<text class="token" x="84.0" y="14">ab</text>',
        '<image class="sound" x="84.0" y="34.0" width="1076.0" height="80.0" '
        'preserveAspectRatio="none" href=""/>',
        '<text class="tick end" x="77" y="43">4 kHz</text>',
        '<text class="tick end" x="77" y="114">0</text>',
        '<text class="token end" x="77" y="135.5">a</text>',
        '<path class="grid" d="M84 131.5H1160"/>',
        '<text class="token end" x="77" y="150.5">b</text>',
        '<path class="grid" d="M84 146.5H1160"/>',
        '<image class="heat" x="84.0" y="124.0" width="1076.0" height="30.0" '
        'preserveAspectRatio="none" href=""/>',
        '<path class="path" d="M218.5 131.5L622.0 146.5"/>',
        '<rect class="mark" x="84.0" y="124.0" width="269.0" height="15.0">'
        "<title>a: 1.00 at 0.00 s</title></rect>",
        '<rect class="mark" x="353.0" y="139.0" width="538.0" height="15.0">'
        "<title>b: 0.50 at 0.25 s</title></rect>",
        *(
            f'<text class="tick {"end" if tenth == 10 else "mid"}" '
            f'x="{84 + 107.6 * tenth:.1f}" y="172.0">{tenth / 10:.4g} s</text>'
            for tenth in range(11)
        ),
        "</svg>",
    ]


def test_where_nobody_knows_the_period_frames_fill_the_recording():
    assert shown(replace(TWO, period=None)) == shown(TWO)


def test_frames_that_reach_beyond_the_recording_are_seen_whole():
    text = shown(replace(TWO, period=0.5))
    assert '<image class="heat" x="84.0" y="124.0" width="1076.0"' in text
    assert ">2 s</text>" in text


@pytest.mark.parametrize(
    ("found", "audio"),
    [(replace(TWO, heat=np.zeros((0, 4), np.float32)), AUDIO), (TWO, torch.zeros(0))],
)
def test_nothing_is_drawn_of_nothing(found, audio):
    assert alignment_svg(found, audio, RATE) == ""


def test_silence_can_be_drawn():
    ElementTree.fromstring(alignment_svg(TWO, torch.zeros(RATE), RATE))


def test_names_that_are_markup_or_long_stay_names():
    word = '"><script>alert(1)</script>'
    text = alignment_svg(
        replace(TWO, rows=[word, "b"], names=[word, "b"], words=(Word(word, 0.0, 1.0, 1.0),)),
        AUDIO,
        RATE,
    )
    ElementTree.fromstring(text)
    assert "<script>" not in text
    assert text.count(">&quot;&gt;&lt;script&gt;…</text>") == 2
    assert "<title>&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;: 1.00 at 0.00 s</title>" in text


@settings(max_examples=10, deadline=None)
@given(starts=st.lists(st.floats(0, 1), max_size=40), length=st.integers(1, 12))
def test_words_never_overlap_and_none_is_cut_off(starts, length):
    words = tuple(Word("w" * length, start, 1.0, 1.0) for start in sorted(starts))
    text = shown(replace(TWO, words=words))
    places = re.findall(r'<text class="token" x="([\d.]+)" y="(\d+)">', text)
    assert bool(places) == bool(starts)
    for line in ("14", "28"):
        lefts = [float(x) for x, y in places if y == line]
        assert all(b - a >= 7 * min(length, 11) for a, b in itertools.pairwise(lefts))
    assert all(float(x) + 7 * min(length, 11) <= WIDTH for x, _ in places)


def test_words_without_times_are_not_drawn():
    assert '<path class="grid" d="M84.0 17' not in shown(
        replace(TWO, words=(Word("ab", None, None, 0.75),))
    )


@pytest.mark.parametrize("rows", [1, 48, 150])
def test_many_rows_are_low_and_their_names_never_overlap(rows):
    noise = np.random.default_rng(0).random((rows, 190), np.float32)
    runs = Runs(np.arange(rows), np.arange(rows), np.arange(1, rows + 1), np.zeros(rows))
    many = replace(
        TWO,
        rows=["n"] * rows,
        heat=noise,
        names=["n"] * rows,
        places=range(rows),
        runs=runs,
        period=None,
    )
    text = alignment_svg(many, AUDIO, RATE)
    heights = [float(y) for y in re.findall(r'<text class="token end" x="77" y="([\d.]+)"', text)]
    assert all(b - a >= 11 for a, b in itertools.pairwise(heights))
    (height,) = re.findall(rf'viewBox="0 0 {WIDTH} (\d+)"', text)
    assert float(height) <= 124 + 600 + 24
    assert len(text) < 60_000


def test_a_long_recording_stays_a_small_picture():
    noise = torch.randn(15 * RATE, generator=torch.Generator().manual_seed(0))
    heat = np.random.default_rng(0).random((40, 1500), np.float32)
    long = replace(TWO, rows=["n"] * 40, heat=heat, period=0.01)
    assert len(alignment_svg(long, noise, RATE)) < 60_000
