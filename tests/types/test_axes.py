"""Axes have roles."""

import pytest

from phonograph.types.axes import Role, role_of


@pytest.mark.parametrize(
    ("axis", "role"),
    [
        ("B", Role.BATCH),
        ("S", Role.TIME),
        ("T", Role.TIME),
        ("T2", Role.TIME),
        ("L", Role.LABEL),
        ("U", Role.LABEL),
        ("D", Role.WIDTH),
        ("V", Role.WIDTH),
        ("", Role.WIDTH),
    ],
)
def test_the_first_letter_decides_the_role(axis, role):
    assert role_of(axis) is role
