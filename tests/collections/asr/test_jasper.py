"""Jasper is the published one."""

from typing import Any

import pytest
import torch

from phonograph.collections.asr.conv_encoder import ConvEncoder
from phonograph.collections.asr.ctc_head import CtcHead
from phonograph.collections.asr.jasper import Jasper, jasper_blocks


def test_ten_by_five_with_its_head_has_the_published_number_of_weights():
    with torch.device("meta"):
        parts = (Jasper(64, blocks=10, repeat=5), CtcHead(1024, vocab=28))
    assert sum(weight.numel() for part in parts for weight in part.parameters()) == 332_632_349


def test_the_port_says_what_the_table_gives():
    assert ConvEncoder.derived(jasper_blocks(10, 5)) == {"stride": 2, "width": 1024}
    assert ConvEncoder.derived(jasper_blocks(5, 1, d_model=16)) == {"stride": 2, "width": 16}


def test_dropout_is_the_tables_times_a_scale():
    published = [0.2, 0.2, 0.2, 0.2, 0.3, 0.3, 0.4, 0.4]
    assert [block.dropout for block in jasper_blocks(5, 1)] == published
    assert {block.dropout for block in jasper_blocks(5, 1, dropout=0.0)} == {0.0}


@pytest.mark.parametrize(("dense", "added"), [(True, [1, 2, 3, 4, 5]), (False, [1] * 5)])
def test_a_block_adds_the_blocks_before_it_only_where_dense(dense, added):
    encoder: Any = Jasper(4, blocks=5, repeat=1, d_model=16, dense=dense).encoder
    assert [len(block.shortcuts) for block in encoder.blocks] == [0, *added, 0, 0]


def test_it_looks_ahead_half_of_every_kernel():
    groups = 5 + 6 + 8 + 10 + 12
    assert Jasper.look_ahead(10, 5) == 5 + 2 * (2 * 5 * groups + 2 * 14)


def test_what_cannot_be_is_refused():
    with pytest.raises(ValueError, match=r"^`blocks` must be 5, 10 or 15, not 7$"):
        Jasper(64, blocks=7)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"^`d_model` must be a multiple of 8, not 12$"):
        Jasper(64, d_model=12)
    told = r"^`dropout` must be at least 0 and below 1, not 1.2"
    with pytest.raises(ValueError, match=told):
        Jasper(64, blocks=5, d_model=8, dropout=3.0)
