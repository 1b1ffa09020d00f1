"""Self-attention sees valid steps only, and distances when asked to."""

import math
import re

import pytest
import torch
from torch import nn

from phonograph.modules.attention import SelfAttention
from phonograph.modules.masks import valid_mask
from phonograph.modules.positions import distance_codes


def attention(*, relative):
    module = SelfAttention(8, 2, relative=relative).eval()
    for parameter in module.parameters():  # the biases u and v start at zero
        nn.init.normal_(parameter, std=0.5)
    return module


def codes_for(x):
    return distance_codes(x.shape[1], x.shape[1], 0, x)


def everywhere(x):
    return torch.ones(x.shape[:2], dtype=torch.bool)


def test_without_positions_it_is_the_attention_of_torch():
    ours = attention(relative=False)
    theirs = nn.MultiheadAttention(8, 2, batch_first=True).eval()
    weights = [part.weight for part in (ours.query, ours.key, ours.value)]
    biases = [part.bias for part in (ours.query, ours.key, ours.value)]
    theirs.load_state_dict(
        {
            "in_proj_weight": torch.cat(weights),
            "in_proj_bias": torch.cat(biases),
            "out_proj.weight": ours.out.weight,
            "out_proj.bias": ours.out.bias,
        }
    )
    x, mask = torch.randn(3, 6, 8), valid_mask(torch.tensor([6, 4, 1]), 6)
    expected, _ = theirs(x, x, x, key_padding_mask=~mask)
    torch.testing.assert_close(ours(x, mask), expected, rtol=1e-4, atol=1e-5)


def test_relative_scores_follow_the_formula_of_the_paper():
    module = attention(relative=True)
    x = torch.randn(1, 5, 8)
    found = module(x, everywhere(x), codes_for(x))
    torch.testing.assert_close(found, written_out(module, x), rtol=1e-4, atol=1e-5)


def written_out(module, x):
    """Sum the four terms of Dai et al. 2019, sec. 3.3, pair by pair."""
    size, heads, width = x.shape[1], module.heads, x.shape[2] // module.heads
    query, key, value = (
        linear(x)[0].view(size, heads, width) for linear in (module.query, module.key, module.value)
    )
    codes = module.position(codes_for(x)).view(-1, heads, width)
    mixed = torch.zeros(size, heads, width)
    for head in range(heads):
        u, v = module.bias_u[head], module.bias_v[head]
        scores = torch.zeros(size, size)
        for i in range(size):
            for j in range(size):
                code = codes[size - 1 - (i - j), head]
                content = (query[i, head] + u) @ key[j, head]
                scores[i, j] = (content + (query[i, head] + v) @ code) / math.sqrt(width)
        mixed[:, head] = scores.softmax(1) @ value[:, head]
    return module.out(mixed.flatten(1))[None]


@pytest.mark.parametrize("relative", [False, True])
def test_an_utterance_gives_the_same_alone_and_padded(relative):
    module = attention(relative=relative)
    x = torch.randn(2, 7, 8)
    lengths = torch.tensor([7, 4])
    mask = valid_mask(lengths, 7)
    together = module(x, mask, codes_for(x))
    single = x[1:, :4]
    alone = module(single, everywhere(single), codes_for(single))
    torch.testing.assert_close(together[1:, :4], alone, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("relative", [False, True])
def test_an_empty_utterance_spoils_nothing(relative):
    module = attention(relative=relative)
    x = torch.randn(2, 4, 8)
    mixed = module(x, valid_mask(torch.tensor([4, 0]), 4), codes_for(x))
    assert mixed.isfinite().all()


def test_without_positions_order_does_not_matter_and_with_them_it_does():
    x = torch.randn(1, 5, 8)
    order = torch.tensor([3, 1, 4, 0, 2])
    codes = codes_for(x)
    for relative in (False, True):
        module = attention(relative=relative)
        straight = module(x, everywhere(x), codes)[:, order]
        mixed = module(x[:, order], everywhere(x), codes)
        assert torch.allclose(straight, mixed, atol=1e-5) is not relative


def test_half_precision_stays_close():
    x = torch.randn(2, 6, 8)
    module = attention(relative=True)
    exact = module(x, everywhere(x), codes_for(x))
    with torch.autocast("cpu", torch.bfloat16):
        rough = module(x, everywhere(x), codes_for(x))
    torch.testing.assert_close(rough.float(), exact, rtol=0.1, atol=0.1)


@pytest.mark.parametrize(
    ("width", "heads", "relative", "told"),
    [
        (8, 3, False, "`heads`: 3 heads do not divide `width` 8"),
        (3, 1, True, "`width` must be even for relative positions, not 3"),
    ],
)
def test_a_width_that_does_not_fit_is_refused(width, heads, relative, told):
    with pytest.raises(ValueError, match=f"^{re.escape(told)}$"):
        SelfAttention(width, heads, relative=relative)


def test_missing_codes_are_named():
    x = torch.zeros(1, 2, 8)
    with pytest.raises(ValueError, match=r"^relative positions need the codes of the distances$"):
        SelfAttention(8, 2, relative=True)(x, everywhere(x))
