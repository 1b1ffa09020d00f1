import math
import re

import pytest

from phonograph.modules.ranges import (
    check_above_zero,
    check_at_least,
    check_dropout,
    check_odd_kernel,
)


def test_what_is_in_range_passes():
    check_at_least(0, first=0, second=7)
    check_above_zero(first=1e-10, second=3)
    check_odd_kernel(1)
    check_dropout(0.0)


@pytest.mark.parametrize(
    ("check", "values", "told"),
    [
        (check_above_zero, {"a": 1, "b": 0.0}, "`b` must be above 0, not 0.0"),
        (check_above_zero, {"a": math.nan}, "`a` must be above 0, not nan"),
        (check_odd_kernel, {"kernel": 4}, "`kernel` must be odd, not 4"),
        (check_odd_kernel, {"kernel": -1}, "`kernel` must be at least 1, not -1"),
        (check_dropout, {"dropout": 1}, "`dropout` must be at least 0 and below 1, not 1"),
        (
            check_dropout,
            {"dropout": math.nan},
            "`dropout` must be at least 0 and below 1, not nan",
        ),
    ],
)
def test_the_first_at_fault_is_named_with_its_value(check, values, told):
    with pytest.raises(ValueError, match=f"^{re.escape(told)}$"):
        check(**values)


def test_the_bound_is_told():
    with pytest.raises(ValueError, match=r"^`b` must be at least 2, not 1$"):
        check_at_least(2, a=2, b=1, c=0)
