"""Errors as HTML: two texts under each other, confusions of words and of characters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from phonograph.collections.asr.confusions import Confusions
from phonograph.collections.asr.word_errors import Edit, align_characters, align_words
from phonograph.graphs.drawing.markup import escaped
from phonograph.training.evaluate import ScoredUtterance

_GAP = "\N{MIDDLE DOT}"
_MOST_CHARACTERS = 36


def aligned_html(reference: str, hypothesis: str) -> str:
    """Write what was said above what was heard, word by word.

    >>> aligned_html("a", "b")
    '<p class="aligned" dir="auto"><span class="substitute"><i>a</i><b>b</b></span></p>'
    """
    cells = (
        f'<span class="{edit.op}"><i>{escaped(edit.ref) or _GAP}</i>'
        f"<b>{escaped(edit.hyp) or _GAP}</b></span>"
        for edit in align_words(reference, hypothesis)
    )
    return f'<p class="aligned" dir="auto">{"".join(cells)}</p>'


def confusions_html(found: Confusions) -> str:
    """Write the commonest edits as up to three tables side by side; empty without edits."""
    tables = (
        ("Substitutions", [((e.ref, e.hyp), count) for e, count in found.substitutions]),
        ("Deletions", [((e.ref,), count) for e, count in found.deletions]),
        ("Insertions", [((e.hyp,), count) for e, count in found.insertions]),
    )
    shown = "".join(_table(*one) for one in tables if one[1])
    return f'<div class="columns">{shown}</div>' if shown else ""


def _table(title: str, rows: Sequence[tuple[tuple[str, ...], int]]) -> str:
    body = "".join(
        f'<tr><td class="mono wrap">{" → ".join(f"<bdi>{escaped(word)}</bdi>" for word in words)}'
        f'</td><td class="number">{count:,}</td></tr>'
        for words, count in rows
    )
    head = f'<tr><th>{title}</th><th class="number">times</th></tr>'
    return f"<div><table><thead>{head}</thead><tbody>{body}</tbody></table></div>"


def characters_html(utterances: Sequence[ScoredUtterance]) -> str:
    """Write how often each character was taken for each; the commonest characters, 36 at most."""
    edits: Counter[Edit] = Counter()
    for one in utterances:
        edits.update(align_characters(one.reference, one.hypothesis))
    if not any(edit.op != "equal" for edit in edits):
        return ""
    return "".join(_matrix(edits))


def _matrix(edits: Counter[Edit]) -> Iterator[str]:
    said: Counter[str] = Counter()
    heard: Counter[str] = Counter()
    pairs: Counter[tuple[str, str]] = Counter()
    for edit, count in edits.items():
        said[edit.ref] += count
        heard[edit.hyp] += count
        pairs[edit.ref, edit.hyp] += count
    common = [name for name, _ in (said + heard).most_common() if name][:_MOST_CHARACTERS]
    names = [*sorted(common), ""]
    worst = max(count for (ref, hyp), count in pairs.items() if ref != hyp)
    yield '<p class="note">Rows were said, columns heard; the last row and column are of '
    yield 'characters that one side does not have.</p><div class="wide"><table class="matrix">'
    yield f"<tr><th></th>{''.join(f'<th>{_name(hyp)}</th>' for hyp in names)}</tr>"
    for ref in names:
        cells = "".join(_cell(ref, hyp, pairs[ref, hyp], worst) for hyp in names)
        yield f"<tr><th>{_name(ref)}</th>{cells}</tr>"
    yield "</table></div>"


def _cell(ref: str, hyp: str, count: int, worst: int) -> str:
    title = f"{_name(ref)} heard as {_name(hyp)}: {count:,}"
    if not count:
        return "<td></td>"
    if ref == hyp:
        return f'<td class="right" title="{title}">{_GAP}</td>'
    shade = min(4, 1 + 4 * count // (worst + 1))
    return f'<td class="shade{shade}" title="{title}">{count}</td>'


def _name(character: str) -> str:
    return {"": "∅", " ": "\N{OPEN BOX}"}.get(character) or escaped(character)


SHADES = "".join(
    f".shade{number}{{background:color-mix(in srgb,var(--loss) {15 * number}%,transparent)}}\n"
    for number in range(1, 5)
)
"""Rules of CSS for the cells of the matrix."""
