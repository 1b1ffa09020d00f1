"""A transformer layer is PyTorch's own, with masks for padding."""

import pytest
import torch
from torch import nn

from phonograph.modules.transformer_layer import TransformerLayer, TransformerSettings


@pytest.mark.parametrize("norm_first", [True, False])
@pytest.mark.parametrize("activation", ["gelu", "relu"])
def test_it_computes_what_the_layer_of_pytorch_does(norm_first, activation):
    settings = TransformerSettings(
        heads=2, middle=12, norm_first=norm_first, activation=activation, norm_epsilon=1e-3
    )
    ours = TransformerLayer(8, settings).eval()
    theirs = nn.TransformerEncoderLayer(
        8,
        2,
        12,
        activation=activation,
        layer_norm_eps=1e-3,
        batch_first=True,
        norm_first=norm_first,
    ).eval()
    for weight in ours.parameters():
        nn.init.normal_(weight, std=0.3)
    attention = ours.attention
    parts = (attention.query, attention.key, attention.value)
    theirs.self_attn.in_proj_weight.data = torch.cat([part.weight for part in parts])
    theirs.self_attn.in_proj_bias.data = torch.cat([part.bias for part in parts])
    theirs.self_attn.out_proj.load_state_dict(attention.out.state_dict())
    for name, part in {
        "linear1": ours.linear1,
        "linear2": ours.linear2,
        "norm1": ours.attention_norm,
        "norm2": ours.linear_norm,
    }.items():
        getattr(theirs, name).load_state_dict(part.state_dict())
    x = torch.randn(2, 7, 8)
    mask = torch.arange(7) < torch.tensor([[7], [4]])
    found, expected = ours(x, mask), theirs(x, src_key_padding_mask=~mask)
    torch.testing.assert_close(found[mask], expected[mask], atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"heads": 0}, "`heads` must be at least 1, not 0"),
        ({"middle": 0}, "`middle` must be at least 1, not 0"),
        ({"norm_epsilon": 0.0}, "`norm_epsilon` must be above 0, not 0.0"),
        ({"attention_dropout": 1.0}, "`dropout` must be at least 0 and below 1, not 1.0"),
    ],
)
def test_settings_out_of_range_are_refused(arguments, told):
    with pytest.raises(ValueError, match=f"^{told}$"):
        TransformerSettings(**arguments)
