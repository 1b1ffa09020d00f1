"""Rounding equals a detour through half precision, and passes the gradient."""

import pytest
import torch

from phonograph.modules.half_rounding import rounded_to_half


@pytest.mark.parametrize("scale", [1e-7, 1e-4, 1.0, 20.0, 6e4])
def test_rounding_equals_a_detour_through_half_precision(scale) -> None:
    values = scale * (2 * torch.rand(20000) - 1)
    assert torch.equal(rounded_to_half(values), values.half().float())


def test_ties_and_the_neighbours_of_powers_of_two_are_rounded_alike() -> None:
    powers = 2.0 ** torch.arange(-25, 16)
    infinity = torch.tensor(torch.inf)
    ties = torch.arange(-(2**13), 2**13) * 2.0**-7 + 2.0**-8
    values = torch.cat([powers, powers.nextafter(infinity), powers.nextafter(-infinity), ties])
    assert torch.equal(rounded_to_half(values), values.half().float())


def test_zero_stays_zero() -> None:
    assert torch.equal(rounded_to_half(torch.zeros(3)), torch.zeros(3))


def test_rounding_twice_changes_nothing() -> None:
    once = rounded_to_half(10 * torch.randn(1000))
    assert torch.equal(rounded_to_half(once), once)


def test_the_gradient_passes() -> None:
    values = torch.randn(5, requires_grad=True)
    (3 * rounded_to_half(values)).sum().backward()
    torch.testing.assert_close(values.grad, torch.full((5,), 3.0))


def test_the_dtype_stays() -> None:
    assert rounded_to_half(torch.randn(2, dtype=torch.float64)).dtype == torch.float64
