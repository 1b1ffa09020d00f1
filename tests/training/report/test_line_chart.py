"""Curves."""

import math
import re
import xml.etree.ElementTree as ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phonograph.training.report.line_chart import HEIGHT, WIDTH, LineChart, line_chart, ticks

measures = st.one_of(st.floats(-1e100, 1e100), st.sampled_from([math.nan, math.inf, -math.inf]))
numbers = st.floats(-1e9, 1e9, allow_subnormal=False)


@given(low=numbers, high=numbers)
def test_ticks_are_few_and_between(low, high):
    found = ticks(low, high)
    if not high > low:
        assert found == [low]
        return
    assert len(found) <= 7
    slack = 1e-6 * max(high - low, abs(low), abs(high))
    assert all(low - slack <= tick <= high + slack for tick in found)


@pytest.mark.parametrize(
    ("low", "high", "found"),
    [(0, 7, [0, 2, 4, 6]), (0, 0.03, [0, 0.01, 0.02, 0.03]), (-3, 21, [0, 5, 10, 15, 20])],
)
def test_ticks_are_ones_twos_or_fives(low, high, found):
    assert ticks(low, high) == pytest.approx(found)


@settings(max_examples=50)
@given(points=st.lists(st.tuples(st.integers(0, 10**6), measures), max_size=30))
def test_whatever_is_measured_stays_inside_the_picture(points):
    text = line_chart(LineChart("loss", "step", {"train": points}))
    finite = [y for _, y in points if math.isfinite(y)]
    if not finite:
        assert text == ""
        return
    ElementTree.fromstring(text)
    dots = re.findall(r'cx="([^"]*)" cy="([^"]*)"', text)
    assert len(dots) == len(finite)
    assert all(0 <= float(x) <= WIDTH and 0 <= float(y) <= HEIGHT for x, y in dots)


def test_one_point_is_a_dot_between_two_ticks():
    assert line_chart(LineChart("wer", "step", {"wer": [(10, 50.0)]})).splitlines() == [
        '<figure class="chart"><figcaption><b>wer</b>',
        '</figcaption><svg viewBox="0 0 520 250" role="img" aria-label="wer over step">',
        *_grid({"210.0": "0", "134.6": "20", "59.2": "40"}),
        *_across(
            {"58.0": "0", "147.6": "2", "237.2": "4", "326.8": "6", "416.4": "8", "506.0": "10"}
        ),
        '<text class="tick mid" x="282.0" y="246">step</text>',
        '<path class="curve line0" d="M506.0 21.5"/>',
        '<circle class="dot line0" cx="506.0" cy="21.5" r="3">'
        "<title>wer: 50 at 10</title></circle>",
        "</svg></figure>",
    ]


def _grid(rows):
    for y, text in rows.items():
        yield f'<path class="grid" d="M58 {y}H506"/>'
        yield f'<text class="tick end" x="50" y="{float(y) + 4:.1f}">{text}</text>'


def _across(columns):
    return [f'<text class="tick mid" x="{x}" y="228">{text}</text>' for x, text in columns.items()]


def test_several_lines_have_a_key_and_names_are_text():
    text = line_chart(LineChart("<t>", "s", {"a&b": [(0, 1.0)], "<i>": [(0, 2.0)], "none": []}))
    assert '<b>&lt;t&gt;</b>\n<span class="key line0">a&amp;b</span>\n' in text
    assert '<span class="key line1">&lt;i&gt;</span>' in text
    assert "none" not in text
    assert "<i>" not in text


@pytest.mark.parametrize("count", [1_000, 100_000])
def test_a_long_training_stays_a_small_picture(count):
    text = line_chart(
        LineChart("loss", "step", {"train": [(n, 1 / (n + 1)) for n in range(count)]})
    )
    assert len(text) < 30_000


def test_a_million_steps_are_written_in_digits():
    text = line_chart(LineChart("loss", "step", {"train": [(n * 1000, 1.0) for n in range(2000)]}))
    assert ">1,000,000</text>" in text
