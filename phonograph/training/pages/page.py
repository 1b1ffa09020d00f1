"""One HTML page that needs no network: a title, sections, our look by day and by night."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from phonograph.graphs.drawing.markup import escaped
from phonograph.graphs.drawing.page_style import PAGE_STYLE


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a page.

    Args:
        title: as text.
        body: as HTML, in which every text from elsewhere is escaped.
    """

    title: str
    body: str


def page(title: str, lead: str, sections: Sequence[Section], style: str = "") -> str:
    """Write a page.

    Args:
        title: as text.
        lead: HTML below the title.
        sections: one below the other; those with an empty body are left out.
        style: more rules of CSS.

    >>> "<h2>All &amp; more</h2>" in page("a", "", [Section("All & more", "<p>text</p>")])
    True
    """
    style = PAGE_STYLE + style
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; media-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    parts = [
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escaped(title)}</title>\n<style>{style}</style>\n</head>",
        f'<body class="pg">\n<header>\n<h1>{escaped(title)}</h1>\n{lead}\n</header>\n<main>',
    ]
    for section in sections:
        if section.body:
            heading = f"<h2>{escaped(section.title)}</h2>"
            parts.append(f"<section>\n{heading}\n{section.body}\n</section>")
    return "\n".join([*parts, "</main>\n</body>\n</html>\n"])
