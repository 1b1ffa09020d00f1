"""The state for answering: no gradients, and fewer digits where asked for."""

import pytest
import torch

from phonograph.graphs.inference import inference


def test_nothing_is_kept_for_gradients():
    weight = torch.ones(2, 2, requires_grad=True)
    with inference("cpu"):
        assert not (weight @ weight).requires_grad
    assert (weight @ weight).requires_grad


@pytest.mark.parametrize(("precision", "dtype"), [("float32", "float32"), ("bf16", "bfloat16")])
def test_products_have_the_digits_asked_for(precision, dtype):
    with inference("cpu", precision):
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == getattr(torch, dtype)


def test_an_unknown_precision_is_refused():
    with (
        pytest.raises(ValueError, match="`precision` must be float32 or bf16, not half"),
        inference("cpu", "half"),  # type: ignore[arg-type]
    ):
        pass
