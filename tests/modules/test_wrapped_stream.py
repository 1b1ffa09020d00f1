"""A module around another one streams as that does."""

import pytest

from phonograph.collections.asr.citrinet import Citrinet
from phonograph.collections.asr.quartznet import QuartzNet


def test_blocks_are_those_of_the_module_inside():
    module = QuartzNet(4, blocks=5, repeat=1)
    inner = module.inner
    assert (module.stride, module.block, module.no_stream) == (2, 2, None)
    assert module.late(3) == inner.late(3)
    assert module.blocks_after_end() == inner.blocks_after_end()
    assert not any("inner" in name for name in module.state_dict())


def test_so_is_the_reason_why_there_are_none():
    with pytest.raises(ValueError, match=r"the gates of `excite` hear the whole utterance$"):
        Citrinet(4, width=8, repeat=1, d_model=8).start(1)
