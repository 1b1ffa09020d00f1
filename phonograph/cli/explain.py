"""`phonograph explain`: what a code of an error means."""

from __future__ import annotations

import re
import shutil
from dataclasses import asdict
from textwrap import fill, indent
from typing import TYPE_CHECKING, Annotated

import typer

from phonograph.cli.graph_argument import AsJson
from phonograph.cli.screen import print_styled, say, say_json
from phonograph.errors import nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from phonograph.cli.code_pages import CodePage

WIDEST = 100
"""Columns; longer lines are hard to read."""

_WHERE = {"manifest": ", in test.jsonl", "module": ", in a module of your own"}
_STYLES = {
    r"\A.*": "bold",
    r"(?m)^wrong[^\n]*:$": "bold red",
    r"(?m)^right:$": "bold green",
    r"(?m)^what to do:$": "bold",
}


def explain(
    code: Annotated[
        str | None, typer.Argument(metavar="CODE", help="The code of an error, such as PG030.")
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Tell what the code of an error means, with a wrong example and the right one.

    Without CODE, all codes are listed.

    Examples:
      phonograph explain PG030
      phonograph explain
    """
    from phonograph.cli.code_pages import code_pages

    pages = code_pages()
    if code is None:
        _list(pages, as_json=as_json)
        return
    page = pages[_known(code, pages)]
    if as_json:
        say_json(asdict(page))
    else:
        print_styled("\n".join(lines_of(page, min(WIDEST, _columns()))), _STYLES)


def lines_of(page: CodePage, columns: int) -> Iterator[str]:
    """Give the page of a code as lines of text of at most so many columns; examples stay whole."""
    yield f"{page.code}: {page.title}\n"
    yield f"{_wrapped(page.means, columns)}\n"
    by = f", told by `{page.told_by}`" if page.told_by else ""
    yield f"wrong{_WHERE.get(page.form, '')}{by}:\n"
    yield f"{indent(page.wrong or '(nothing)', '    ')}\n"
    yield "right:\n"
    yield f"{indent(page.right, '    ')}\n"
    yield "what to do:\n"
    yield _wrapped(page.do, columns)


def _list(pages: Mapping[str, CodePage], *, as_json: bool) -> None:
    from phonograph.cli.code_pages import FAMILIES

    if as_json:
        say_json([{"code": page.code, "title": page.title} for page in pages.values()])
        return
    for family, (about, _) in FAMILIES.items():
        say(f"{about}:")
        for page in pages.values():
            if page.code.startswith(family):
                say(f"  {page.code}  {page.title}")
        say()
    say("All about one: phonograph explain CODE")


def _known(code: str, pages: Mapping[str, CodePage]) -> str:
    """Return the code as it is spelt; `error[PG030]:`, copied from a message, will do."""
    found = re.search(r"P[A-Z]\d{3}\b", code.upper())
    if found and found[0] in pages:
        return found[0]
    help = nearest(code.upper(), list(pages))
    advice = f"; {help}" if help else "; `phonograph explain` lists them"
    raise typer.BadParameter(f"there is no code `{code}`{advice}", param_hint="CODE")


def _wrapped(text: str, columns: int) -> str:
    return fill(text, columns, break_long_words=False, break_on_hyphens=False)


def _columns() -> int:
    return shutil.get_terminal_size((WIDEST, 24)).columns
