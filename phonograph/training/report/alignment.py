"""When a recogniser heard each token of one recording: by CTC, attention or a transducer."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from phonograph.collections.asr.attention_greedy import AttentionGreedy, spell
from phonograph.collections.asr.ctc_runs import collapse
from phonograph.collections.asr.hypothesis import Word
from phonograph.collections.asr.hypothesis_reader import group_words
from phonograph.collections.asr.tdt_greedy import TdtGreedy
from phonograph.collections.asr.token_runs import Runs
from phonograph.collections.asr.transducer_greedy import TransducerGreedy
from phonograph.data.tokenizers import Tokenizer, build_tokenizer
from phonograph.graphs.inference import inference
from phonograph.graphs.model import Model
from phonograph.graphs.solved import SolvedNode
from phonograph.graphs.spec import PortName
from phonograph.training.split import PortBatch
from phonograph.types.kinds import LogProbs
from phonograph.types.vocabulary import Vocabulary

_DECADES = 3.0
"""A token of CTC that is less likely than one in a thousand is left white."""
_LIKELY = 0.2
"""A token of CTC that is never read has a row where it is once this likely, or nothing is read."""
_MOST_UNREAD = 12
_MOST_ROWS = 150
_MOST_TOKENS = 48
"""Where more are written, rows are named by words."""

Matrix = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Alignment:
    """What was heard when.

    Args:
        note: what is to be seen, as a sentence.
        rows: what each row is called, from above; empty where it has no name of its own.
        heat: how much each frame speaks for each row, in [0, 1], [rows, T].
        names: how each token that was read is written.
        places: the row of each.
        runs: the tokens that were read and their frames.
        words: the words that were read; those without times are not drawn.
        period: seconds from one frame to the next, or None where nobody knows.
    """

    note: str
    rows: Sequence[str]
    heat: Matrix
    names: Sequence[str]
    places: Sequence[int]
    runs: Runs
    words: Sequence[Word]
    period: float | None


def alignment(model: Model, batch: PortBatch) -> Alignment | None:
    """Run the view that is scored over one utterance, and look at what its decoder works with.

    Args:
        model: a built graph with its weights, on the CPU.
        batch: values of the data layer's ports for one utterance.

    Returns:
        None where no view is scored, where no frame is left, and of decoders not known here.
    """
    scored = (view for view in model.graph.spec.views.values() if view.score and not view.feed)
    name = next((view.name for view in scored), None)
    if name is None:
        return None
    view = model.view(name)
    port, _ = next(iter(view.view.score.values()))
    node = model.graph.nodes[port.node]
    vocab = node.parameters.get("vocab")
    if not isinstance(vocab, Vocabulary):
        return None
    with inference("cpu"):
        values = view(batch)
        sources = {name: view.view.sources.get(PortName(node.name, name)) for name in node.inputs}
        given = {name: values[source] for name, source in sources.items() if source is not None}
        decoder = model.modules[node.name]
        written = _written(decoder, given, build_tokenizer(vocab.tokenizer), _scores_port(node))
    if written is None:
        return None
    hypotheses = values.get(PortName(node.name, "hypotheses"))
    words = hypotheses[0].words if hypotheses else ()
    return Alignment(*written, words, node.parameters.get("frame_period"))


Written = tuple[str, Sequence[str], Matrix, Sequence[str], Sequence[int], Runs]
"""The first fields of an alignment."""


def _scores_port(node: SolvedNode) -> str | None:
    ports = node.inputs.items()
    kinds = {name: port.kind for name, port in ports if isinstance(port.kind, LogProbs)}
    return next((name for name, kind in kinds.items() if kind.blank == "last"), None)


def _written(
    decoder: Any, given: Mapping[str, Any], tokenizer: Tokenizer, scores: str | None
) -> Written | None:
    frames = int(given["lengths"][0]) if "lengths" in given else None
    if frames == 0:
        return None
    if scores is not None:
        return _by_ctc(given[scores][0, :frames].float().numpy(), tokenizer)
    match decoder:
        case TransducerGreedy() | TdtGreedy():
            runs = decoder.search(**given)[0].runs()
            note = (
                "Each token stands at the frame at which the transducer said it; the stronger the "
                "colour, the surer."
            )
            return _in_order(note, _sureness(runs, frames or 0), runs, tokenizer)
        case AttentionGreedy():
            note = (
                "The stronger the colour, the more the frame weighed when the token was written; "
                "framed is the heaviest, never before an earlier token's."
            )
            return _in_order(note, *_by_attention(decoder, given), tokenizer)
    return None


def _by_ctc(scores_tv: Matrix, tokenizer: Tokenizer) -> Written:
    frames, blank = scores_tv.shape[0], scores_tv.shape[1] - 1
    labels, best = scores_tv.argmax(1), scores_tv.max(1)
    runs = collapse(labels[None], best[None], np.array([frames]), blank)[0]
    peaks = np.exp(scores_tv[:, :-1].max(0))
    read = set(runs.tokens.tolist())
    unread = [token for token in np.argsort(-peaks).tolist() if token not in read]
    least = _LIKELY if read else 0.0
    shown = [*read, *(token for token in unread[:_MOST_UNREAD] if peaks[token] >= least)]
    # speech runs down the slope
    shown.sort(key=lambda token: int(scores_tv[:, token].argmax()))
    heat = np.clip(1 + scores_tv[:, shown].T / (_DECADES * math.log(10)), 0, 1)
    names = _names(shown, tokenizer)
    note = (
        "The stronger the colour, the likelier the token in that frame, on a logarithmic scale "
        "from one in a thousand up; framed is the greedy path without its blanks."
    )
    places = [shown.index(token) for token in runs.tokens.tolist()]
    return note, names, heat, [names[row] for row in places], places, runs


def _sureness(runs: Runs, frames: int) -> Matrix:
    heat = np.zeros((len(runs.tokens), frames), np.float32)
    for row, (start, end, peak) in enumerate(zip(runs.starts, runs.ends, runs.peaks, strict=True)):
        heat[row, start:end] = np.exp(peak)
    return heat


def _by_attention(greedy: AttentionGreedy, given: Mapping[str, Any]) -> tuple[Matrix, Runs]:
    network, lengths = given["decoder"], given["lengths"]
    caught: list[torch.Tensor] = []
    hook = network.attention.register_forward_hook(
        lambda _module, _given, focus: caught.append(focus.weights[0])
    )
    try:
        most = math.ceil(int(lengths[0]) * greedy.tokens_per_frame)
        runs, _ = spell(network, given["encoded"], lengths, [most])[0]
    finally:
        hook.remove()
    heat = np.zeros((0, int(lengths[0])), np.float32)
    if len(runs.tokens):
        heat = torch.stack(caught[: len(runs.tokens)]).float().numpy()
    return heat / max(float(heat.max(initial=0.0)), 1e-6), runs


def _in_order(note: str, heat: Matrix, runs: Runs, tokenizer: Tokenizer) -> Written:
    """Give each token a row of its own, the first ones of a decoder that never ends."""
    if len(runs.tokens) > _MOST_ROWS:
        note += f" Drawn are the first {_MOST_ROWS} of {len(runs.tokens):,} tokens."
        heat, runs = heat[:_MOST_ROWS], _first(runs)
    tokens = runs.tokens.tolist()
    names = _names(tokens, tokenizer)
    rows = names
    if len(tokens) > _MOST_TOKENS:
        rows = [""] * len(tokens)
        for group in group_words(tokens, tokenizer.decode):
            rows[group[0]] = tokenizer.decode([tokens[place] for place in group]).strip()
    return note, rows, heat, names, range(len(tokens)), runs


def _first(runs: Runs) -> Runs:
    columns = (runs.tokens, runs.starts, runs.ends, runs.peaks)
    return Runs(*(column[:_MOST_ROWS] for column in columns))


def _names(tokens: Sequence[int], tokenizer: Tokenizer) -> list[str]:
    return [tokenizer.decode([token]).strip() or "\N{OPEN BOX}" for token in tokens]
