"""Gradients are clipped as they are asked to be; a step leaves them as it took them."""

import math

import pytest
import torch
from torch.optim.optimizer import register_optimizer_step_post_hook


@pytest.fixture
def gradients():
    """The largest gradient and the norm of all, at each step."""
    seen = []

    def look(optimizer, *_):
        found = [w.grad for group in optimizer.param_groups for w in group["params"]]
        norm = math.sqrt(sum(float(one.square().sum()) for one in found if one is not None))
        seen.append((max(float(one.abs().max()) for one in found if one is not None), norm))

    hook = register_optimizer_step_post_hook(look)
    yield seen
    hook.remove()


@pytest.mark.parametrize("accumulated", [1, 2])
def test_the_norm_of_all_gradients_is_kept(train, gradients, accumulated):
    train(
        "train.trainer.gradient_clip_val=0.05",
        f"train.trainer.accumulate_grad_batches={accumulated}",
    )
    assert len(gradients) == 6
    assert all(norm <= 0.05 * (1 + 1e-4) for _, norm in gradients)


def test_the_norm_is_kept_in_mixed_precision(train, gradients):
    train(
        "train.trainer={max_steps: 3, accelerator: cpu, gradient_clip_val: 0.05, "
        "precision: bf16-mixed}"
    )
    assert len(gradients) == 3
    assert all(norm <= 0.05 * (1 + 1e-4) for _, norm in gradients)


def test_or_the_size_of_each(train, gradients):
    train(
        "train.trainer={max_steps: 6, accelerator: cpu, gradient_clip_val: 0.01, "
        "gradient_clip_algorithm: value}"
    )
    assert all(largest <= 0.01 * (1 + 1e-6) for largest, _ in gradients)
    assert any(norm > 0.01 for _, norm in gradients)


def test_without_it_they_are_larger(train, gradients):
    train()
    assert max(norm for _, norm in gradients) > 0.05
    assert torch.isfinite(torch.tensor(gradients)).all()
