"""Say where a solved size came from: `80 is mel.n_mels (prompts.yaml:17)`."""

from __future__ import annotations

from collections.abc import Iterator

from phonograph.graphs.equations import BY_DEFAULT, FROM_DECLARATION
from phonograph.graphs.given_values import GivenValues
from phonograph.graphs.joins import role_of_term
from phonograph.graphs.solved import SolvedGraph, SolvedPort
from phonograph.types.axes import Role
from phonograph.types.equalities import Unknown
from phonograph.types.kinds import parse_axes
from phonograph.types.terms import as_affine
from phonograph.types.vocabulary import Vocabulary


def port_origins(graph: SolvedGraph, node: str, port: SolvedPort) -> Iterator[str]:
    """Say where the widths and attributes of a port came from, a sentence each."""
    for term, size in zip(parse_axes(port.kind.axes), port.sizes, strict=True):
        affine = as_affine(term) if role_of_term(term) is Role.WIDTH else None
        if affine is None or affine.name is None:
            continue
        origin = value_origin(graph, Unknown(node, affine.name))
        if not origin:
            yield f"{size} follows from the settings of {node}"
        elif str(term) == affine.name:
            yield f"{size} is {origin}"
        else:
            yield f"{size} is {term}; {affine.name} is {origin}"
    for attribute, name in port.kind.solved_attributes().items():
        origin = value_origin(graph, Unknown(node, name))
        value = port.attributes.get(attribute)
        if origin and value is not None:
            yield f"{_in_words(attribute, value)}: {origin}"


def value_origin(graph: SolvedGraph, unknown: Unknown) -> str:
    """Name the setting that decided a value and where it stands, or return nothing."""
    anchor = graph.reasons.get(unknown)
    if anchor is None:
        return ""
    if anchor.strength == BY_DEFAULT:
        return f"{anchor.source} by default"
    always = "always so for " if anchor.strength == FROM_DECLARATION else ""
    return f"{always}{GivenValues(graph.spec, {}).named(anchor)}"


def _in_words(attribute: str, value: object) -> str:
    match attribute:
        case "rate":
            return f"{value} Hz"
        case "vocab":
            return f"{value.size if isinstance(value, Vocabulary) else value} tokens"
    return f"{attribute} {value}"
