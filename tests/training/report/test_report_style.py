"""The look of a report."""

import re

from phonograph.training.report.report_style import REPORT_STYLE


def test_braces_match_and_nothing_is_fetched():
    assert REPORT_STYLE.count("{") == REPORT_STYLE.count("}") > 30
    assert "url(" not in REPORT_STYLE
    assert "@import" not in REPORT_STYLE


def test_every_colour_is_one_that_day_and_night_have():
    assert not re.search(r"#[0-9a-fA-F]{3}", REPORT_STYLE)
