import torch

from phonograph.modules.full_precision import full_precision


def test_products_are_exact_inside_and_reduced_outside():
    x = torch.full((1, 64), 1.001)
    with torch.autocast("cpu", torch.bfloat16):
        assert (x @ x.T).dtype == torch.bfloat16
        with full_precision(x):
            assert (x @ x.T).dtype == torch.float32
