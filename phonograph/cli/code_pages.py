"""The pages behind the codes of errors: what each means, a wrong example and the right one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Literal, get_args

_FOLDER = Path(__file__).with_name("explanations")

Form = Literal["graph", "manifest", "shell", "python", "module"]

FAMILIES: Mapping[str, tuple[str, Form]] = MappingProxyType(
    {
        "PG": ("graphs", "graph"),
        "PD": ("speech data", "manifest"),
        "PT": ("training", "shell"),
        "PB": ("bundles and models of others", "shell"),
        "PR": ("recognising recordings", "shell"),
        "PE": ("exported files", "shell"),
        "PC": ("files and folders", "shell"),
    }
)
"""How a code begins -> what it is about, and what its examples are when they do not say."""


@dataclass(frozen=True, slots=True)
class CodePage:
    """What there is to know about a code.

    Args:
        code: such as `PG030`.
        title: what is wrong, in a line.
        means: a few sentences on it.
        form: what the examples are: a part of a graph, lines of a manifest, commands, Python, or
            the `forward` of a module.
        told_by: the command that gives the code, where the example itself is none; empty for
            `phonograph check`.
        wrong: an example that gives this code.
        right: the same as it should be.
        do: what to do about it.
    """

    code: str
    title: str
    means: str
    form: Form
    told_by: str
    wrong: str
    right: str
    do: str


def code_pages() -> dict[str, CodePage]:
    """Read every page; codes are in the order of their families.

    >>> code_pages()["PG030"].title
    'vocabularies disagree'
    """
    return {page.code: page for family in FAMILIES for page in _pages(family)}


def _pages(family: str) -> Iterator[CodePage]:
    from phonograph.graphs.document import read_document

    usual: Form = FAMILIES[family][1]
    for code, written in read_document(_FOLDER / f"{family}.yaml").data.items():
        page = {"form": usual, "told_by": "", **written}
        if not code.startswith(family) or page["form"] not in get_args(Form):
            raise ValueError(f"{code} is no page of {family}.yaml")
        yield CodePage(code=code, **{key: value.rstrip() for key, value in page.items()})
