"""A CTC recogniser in the form that two graphs of the same model share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from phonograph.collections.asr.log_mel import Compression, LogMel, whole_samples
from phonograph.collections.asr.nemo.write_conformer import plain_arguments
from phonograph.collections.asr.nemo.write_conv_encoder import table_of
from phonograph.errors import Diagnostic, GraphError
from phonograph.graphs.parameters import to_plain
from phonograph.graphs.solved import SolvedGraph, SolvedNode
from phonograph.graphs.views import View
from phonograph.modules.framing import Framing
from phonograph.modules.mel_filters import MelFilters
from phonograph.types.vocabulary import Vocabulary

CANNOT = "PE020"

_FRONT_END, _HEAD, _CONFORMER = "asr.log_mel", "asr.ctc_head", "asr.conformer"


@dataclass(frozen=True, slots=True)
class CtcRecogniser:
    """The modules of a CTC recogniser.

    Args:
        mel: the front end.
        encoder: the encoder.
        head: the scores.
        table: the encoder's arguments, spelt out: those of `asr.conformer`, or of
            `asr.conv_encoder`.
        prefix: begins the names of the encoder's weights in its node.
    """

    mel: SolvedNode
    encoder: SolvedNode
    head: SolvedNode
    table: Mapping[str, Any]
    prefix: str

    @property
    def convolutional(self) -> bool:
        """Whether the encoder has convolutions only."""
        return self.encoder.declaration.id != _CONFORMER

    @property
    def tokenizer(self) -> Mapping[str, object]:
        """The tokenizer as a graph describes it; empty where only the number of tokens is known."""
        vocabulary = self.head.outputs["log_probs"].attributes.get("vocab")
        return vocabulary.tokenizer if isinstance(vocabulary, Vocabulary) else {}

    def form(self) -> dict[str, Any]:
        """Return everything that decides results, as plain data, by the names of our parameters."""
        return {
            "mel": to_plain(_front_end(self.mel.parameters)),
            "encoder": to_plain(self.table),
            "head": {"tokenizer": to_plain(self.tokenizer)},
        }


def recogniser_of(graph: SolvedGraph, view: View) -> CtcRecogniser:
    """Find the modules of a view that goes from audio through one encoder to a CTC head.

    Args:
        graph: the graph.
        view: one of its views.

    Raises:
        GraphError: every module of the view that has no counterpart, or what is missing.
    """
    found: dict[str, SolvedNode] = {}
    faults = []
    for node in map(graph.nodes.__getitem__, view.core):
        role = _role(node)
        if role is None or role in found:
            message = f"NeMo has nothing for `{node.name}` ({node.declaration.id}) in this place"
            place = graph.spec.document.key_place("modules", node.name)
            faults.append(Diagnostic(CANNOT, message, place, help=_WHAT))
        else:
            found[role] = node
    missing = [role for role in _ROLES if role not in found]
    if missing and not faults:
        message = f"the view `{view.name}` is no CTC model: it has no {' and no '.join(missing)}"
        place = graph.spec.document.key_place("views", view.name)
        faults.append(Diagnostic(CANNOT, message, place, help=_WHAT))
    if faults:
        raise GraphError(faults)
    mel, encoder, head = (found[role] for role in _ROLES)
    table = table_of(encoder.declaration.id, encoder.parameters)
    composite = table is not None and encoder.declaration.id != "asr.conv_encoder"
    return CtcRecogniser(
        mel=mel,
        encoder=encoder,
        head=head,
        table=plain_arguments(encoder.parameters) if table is None else table,
        prefix="encoder." if composite else "",
    )


_ROLES = ("front end", "encoder", "CTC head")
_WHAT = (
    "what can be: asr.log_mel, then asr.conformer or asr.conv_encoder and its like, then "
    "asr.ctc_head"
)


def _role(node: SolvedNode) -> str | None:
    id = node.declaration.id
    if id == _FRONT_END:
        return "front end"
    if id == _HEAD:
        return "CTC head"
    known = id == _CONFORMER or table_of(id, node.parameters) is not None
    return "encoder" if known else None


def differences(ours: Any, theirs: Any, name: str) -> Iterator[tuple[str, Any, Any]]:
    """Compare plain data.

    Returns:
        name, our value and theirs, wherever they differ.

    >>> list(differences({"a": {"b": 1, "c": 2}}, {"a": {"b": 1, "c": 3}}, "x"))
    [('x.a.c', 2, 3)]
    """
    match ours, theirs:
        case dict(), dict() if ours.keys() == theirs.keys():
            for key, value in ours.items():
                yield from differences(value, theirs[key], f"{name}.{key}")
        case list(), list() if len(ours) == len(theirs):
            for index, (one, other) in enumerate(zip(ours, theirs, strict=True)):
                yield from differences(one, other, f"{name}.{index}")
        case _ if ours != theirs:
            yield name, ours, theirs


def _front_end(arguments: Mapping[str, Any]) -> dict[str, Any]:
    rate = arguments["sample_rate"]
    filters = arguments["filters"] or MelFilters()
    spelt = {
        **to_plain(filters),
        "n_fft": LogMel(**arguments).n_fft,
        "f_max": filters.f_max or rate / 2,
    }
    return {
        **arguments,
        **{name: whole_samples(arguments[name], rate, name) for name in ("window", "hop")},
        "framing": arguments["framing"] or Framing(),
        "compression": arguments["compression"] or Compression(),
        "filters": spelt,
    }
