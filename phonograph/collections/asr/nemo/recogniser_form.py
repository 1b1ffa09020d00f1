"""A CTC recogniser in the form that two graphs of the same model share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from phonograph.collections.asr.log_mel import Compression, LogMel, whole_samples
from phonograph.collections.asr.nemo.write_conv_encoder import table_of
from phonograph.errors import Diagnostic, Place
from phonograph.graphs.parameters import to_plain
from phonograph.graphs.solved import SolvedGraph, SolvedNode
from phonograph.graphs.spec import PortName
from phonograph.graphs.views import plan_view
from phonograph.modules.framing import Framing
from phonograph.modules.mel_filters import MelFilters

CANNOT = "PE020"

FRONT_END, HEAD = "asr.log_mel", "asr.ctc_head"
CONFORMER = "asr.conformer"


@dataclass(frozen=True, slots=True)
class CtcRecogniser:
    """The three modules of a CTC recogniser.

    Args:
        mel: the front end.
        encoder: the encoder.
        head: the scores.
    """

    mel: SolvedNode
    encoder: SolvedNode
    head: SolvedNode
