#!/usr/bin/env python3
"""Write docs/models.md: every recipe, its source, its size here and as published.

.venv/bin/python scripts/make_models_page.py
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from phonograph.collections import default_registry
from phonograph.collections.recipes import SCHEME, locate, recipe_names
from phonograph.graphs.check import load_graph
from phonograph.graphs.export.streaming import streaming_faults
from phonograph.graphs.look_ahead import look_aheads
from phonograph.graphs.model import sketch
from phonograph.graphs.solved import SolvedGraph

PAGE = Path(__file__).resolve().parent.parent / "docs/models.md"

INTRODUCTION = """\
# Models

Every recipe is a graph to read, change and train:
`phonograph show phonograph://asr/quartznet-15x5`. Parameters are those of the whole recogniser,
counted with 1,024 pieces, 28 characters or 35 commands, as the recipe says. *Ahead* is how much
audio after a frame's own time decides it; *all* means the whole utterance, for most because the
features are normalised over it. *Streams* says which recipes can hear an utterance bit by bit and
be exported with `--streaming`.
"""


@dataclass(frozen=True, slots=True)
class Published:
    """What is known of a model elsewhere.

    Args:
        paper: arXiv number.
        parameters: as published, with its source where that is not the paper.
    """

    paper: str
    parameters: str


_NEMO = "the same, built by NeMo 3.0.0"
PUBLISHED = {
    "asr/citrinet-1024": Published("2104.01721", _NEMO),
    "asr/citrinet-256": Published("2104.01721", _NEMO),
    "asr/citrinet-384": Published("2104.01721", _NEMO),
    "asr/citrinet-512": Published("2104.01721", _NEMO),
    "asr/conformer-ctc-large": Published("2005.08100", _NEMO),
    "asr/conformer-ctc-medium": Published("2005.08100", _NEMO),
    "asr/conformer-ctc-small": Published("2005.08100", "13,154,033 (NeMo)"),
    "asr/conformer-transducer-large": Published("2005.08100", _NEMO),
    "asr/conformer-transducer-medium": Published("2005.08100", _NEMO),
    "asr/conformer-transducer-small": Published("2005.08100", "14,610,753 (NeMo)"),
    "asr/deep-speech": Published("1412.5567", "not stated; layers as torchaudio's"),
    "asr/deep-speech-2": Published("1512.02595", "86,588,704 in the encoder (deepspeech.pytorch)"),
    "asr/deep-speech-2-online": Published("1512.02595", "not stated"),
    "asr/fastconformer-ctc-large": Published("2305.05084", _NEMO),
    "asr/fastconformer-ctc-medium": Published("2305.05084", "26,392,065 (NeMo)"),
    "asr/fastconformer-ctc-small": Published("2305.05084", "12,781,665 (NeMo)"),
    "asr/fastconformer-ctc-small-streaming": Published("2312.17279", "not stated"),
    "asr/fastconformer-ctc-xlarge": Published("2305.05084", _NEMO),
    "asr/fastconformer-hybrid-large": Published("2305.05084", _NEMO),
    "asr/fastconformer-tdt-large": Published("2304.06795", _NEMO),
    "asr/fastconformer-transducer-large": Published("2305.05084", _NEMO),
    "asr/jasper-10x5": Published("1904.03288", "332,632,349"),
    "asr/las": Published("1508.01211", "not stated"),
    "asr/las-ctc": Published("1706.02737", "not stated"),
    "asr/matchboxnet-3x1x64": Published("2004.08531", "77 K"),
    "asr/matchboxnet-3x2x64": Published("2004.08531", "93 K"),
    "asr/an4": Published("", "a small recipe of our own"),
    "asr/an4-hama": Published("", "a small recipe of our own"),
    "asr/an4-hama-unfrozen": Published("", "a small recipe of our own"),
    "asr/prompts": Published("", "a small recipe of our own"),
    "asr/quartznet-10x5": Published("1910.10261", "12.8 M"),
    "asr/quartznet-15x5": Published("1910.10261", "18,924,381"),
    "asr/quartznet-5x5": Published("1910.10261", "6.7 M"),
    "asr/wav2letter": Published("1609.03193", "not stated; layers as torchaudio's"),
    "asr/wav2letter-wave": Published("1609.03193", "not stated; layers as torchaudio's"),
    "asr/wav2vec2-base": Published("2006.11477", "95 M, with the quantiser of pretraining"),
}
"""Recipe -> what is known of it; every recipe has an entry."""


def page() -> str:
    """Return the whole page."""
    rows = ["| recipe | paper | parameters | published | ahead | streams |", "|" + "---|" * 6]
    rows += [row(name) for name in recipe_names()]
    return INTRODUCTION + "\n" + "\n".join(rows) + "\n"


def row(name: str) -> str:
    """Return the table's row of one recipe."""
    path, shown = locate(f"{SCHEME}{name}")
    graph = load_graph(path, [], default_registry(), name=shown, locate=locate)
    model = sketch(graph)
    count = sum(model.parameter_counts().values())
    streams = "" if streaming_faults(model, model.plan("infer")) else "yes"
    known = PUBLISHED[name]
    paper = f"[{known.paper}](https://arxiv.org/abs/{known.paper})" if known.paper else ""
    return f"| `{name}` | {paper} | {count:,} | {known.parameters} | {ahead(graph)} | {streams} |"


def ahead(graph: SolvedGraph) -> str:
    """Return the look-ahead of what decoders read, in seconds."""
    seconds = max(look_aheads(graph).values(), default=0.0)
    return "all" if seconds == math.inf else f"{seconds:.2f} s"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
