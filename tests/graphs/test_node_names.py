"""Names that a child of a PyTorch module can have."""

import pytest
from torch import nn

from phonograph.graphs.node_names import why_not_a_node_name


@pytest.mark.parametrize("name", ["encoder", "mel_80", "_private", "hörer", "view", "loss"])
def test_ordinary_names_are_fine(name):
    assert why_not_a_node_name(name) == ""
    nn.Module().add_module(name, nn.Module())


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("2nd", "use letters, digits and underscores, and start with a letter"),
        ("a..b", "use letters, digits and underscores, and start with a letter"),
        ("", "use letters, digits and underscores, and start with a letter"),
        ("encoder.class", "`class` is a Python keyword"),
        ("class", "`class` is a Python keyword"),
        ("forward", "`forward` already means something to a PyTorch module"),
        ("training", "`training` already means something to a PyTorch module"),
        ("_modules", "`_modules` already means something to a PyTorch module"),
    ],
)
def test_a_name_that_would_break_says_why(name, reason):
    assert why_not_a_node_name(name) == reason


def test_dots_group_nodes():
    assert why_not_a_node_name("encoder.conv") == ""
