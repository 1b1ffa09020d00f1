"""Make one edit in the text of a YAML file: comments, spaces and line ends stay as they are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import yaml

from phonograph.errors import Edit


@dataclass(slots=True)
class _Entry:
    """A key of a mapping with its value; places are offsets into the text."""

    mapping: _Mapping
    start: int
    end: int = 0
    movable: bool = True


@dataclass(slots=True)
class _Mapping:
    """A mapping and where it belongs."""

    flow: bool
    owner: _Entry | None
    entries: list[_Entry] = field(default_factory=list)


def rewritten(text: str, edit: Edit) -> str | None:
    """Return the text with an edit made, or None where the text is not as the edit expects.

    >>> from phonograph.errors import Place
    >>> text = "with: {n_mels: 64, vocab: 5}  # five"
    >>> rewritten(text, Edit(Place("a.yaml", 1, 20, 5, text), action="delete"))
    'with: {n_mels: 64}  # five'
    """
    lines = text.splitlines(keepends=True)
    place = edit.place
    if not 0 < place.line <= len(lines) or lines[place.line - 1].rstrip("\r\n") != place.source:
        return None
    start = sum(map(len, lines[: place.line - 1])) + place.column - 1
    if edit.action == "replace":
        return text[:start] + edit.text + text[start + place.width :]
    entry = next((one for one in _entries(text) if one.start == start), None)
    if entry is None:
        return None
    match edit.action:
        case "before":
            return _written_before(text, entry, edit.text)
        case "after":
            return _written_after(text, entry, edit.text)
    return _deleted(text, entry)


def _entries(text: str) -> Iterator[_Entry]:
    """Give every key of every mapping."""
    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))

    def offset(mark: yaml.Mark) -> int:
        return starts[mark.line] + mark.column

    inside: list[_Mapping | None] = []  # None stands for a list
    found: list[_Entry] = []
    awaited: list[_Entry | None] = []  # for each mapping, the key whose value comes next
    for event in yaml.parse(text, Loader=yaml.CBaseLoader):
        mapping = inside[-1] if inside else None
        if isinstance(event, yaml.CollectionEndEvent):
            inside.pop()
            awaited.pop()
        elif mapping is not None and isinstance(event, yaml.NodeEvent) and awaited[-1] is None:
            entry = _Entry(mapping, offset(event.start_mark))
            mapping.entries.append(entry)
            found.append(entry)
            awaited[-1] = entry
            continue
        if not isinstance(event, yaml.NodeEvent | yaml.CollectionEndEvent):
            continue
        owner = awaited[-1] if awaited else None
        if isinstance(event, yaml.CollectionStartEvent):
            _begin(owner, event)
            is_mapping = isinstance(event, yaml.MappingStartEvent)
            inside.append(_Mapping(bool(event.flow_style), owner) if is_mapping else None)
            awaited.append(None)
        elif owner is not None:
            if not isinstance(event, yaml.CollectionEndEvent):
                _begin(owner, event)
            owner.end = offset(event.end_mark)
            awaited[-1] = None
    return iter(found)


def _begin(entry: _Entry | None, event: yaml.Event) -> None:
    """Note whether the end of a value is where its text ends."""
    if entry is not None:
        block = isinstance(event, yaml.CollectionStartEvent) and not event.flow_style
        entry.movable = not block and getattr(event, "style", None) not in ("|", ">")


def _written_before(text: str, entry: _Entry, added: str) -> str:
    if entry.mapping.flow:
        return f"{text[: entry.start]}{added}, {text[entry.start :]}"
    begin = text.rfind("\n", 0, entry.start) + 1
    indent = text[begin : entry.start]
    return text[: entry.start] + added + _line_end(text) + indent + text[entry.start :]


def _written_after(text: str, entry: _Entry, added: str) -> str | None:
    if not entry.movable:
        return None
    if entry.mapping.flow:
        return f"{text[: entry.end]}, {added}{text[entry.end :]}"
    begin = text.rfind("\n", 0, entry.start) + 1
    indent = text[begin : entry.start]
    if indent.strip():
        return None
    stop = _end_of_line(text, entry.end)
    return text[:stop] + _line_end(text) + indent + added + text[stop:]


def _deleted(text: str, entry: _Entry) -> str | None:
    owner = entry.mapping.owner
    if len(entry.mapping.entries) == 1 and owner is not None:
        before, behind = text[owner.start : entry.start], text[entry.end : owner.end]
        if "#" not in before + behind and not behind.strip("} \t\r\n,") and entry.movable:
            owner.movable, owner.end = True, owner.end if entry.mapping.flow else entry.end
            if (shorter := _deleted(text, owner)) is not None:
                return shorter
    if not entry.movable:
        return None
    return (_out_of_flow if entry.mapping.flow else _out_of_block)(text, entry)


def _out_of_flow(text: str, entry: _Entry) -> str:
    """Take an entry and one comma out; a comment between entries keeps its place."""
    entries = entry.mapping.entries
    place = entries.index(entry)
    if place + 1 < len(entries):
        following = entries[place + 1].start
        if "#" not in text[entry.end : following]:
            return text[: entry.start] + text[following:]
        return text[: entry.start] + text[text.index(",", entry.end) + 1 :]
    if place > 0 and "#" not in text[entries[place - 1].end : entry.start]:
        return text[: entries[place - 1].end] + text[entry.end :]
    return text[: entry.start] + text[entry.end :]


def _out_of_block(text: str, entry: _Entry) -> str | None:
    """Take an entry out with its lines; a comment behind it stays, on a line of its own."""
    begin = text.rfind("\n", 0, entry.start) + 1
    if text[begin : entry.start].strip():
        return None
    stop = _end_of_line(text, entry.end)
    rest = text[entry.end : stop].strip()
    if rest:
        return text[: entry.start] + rest + text[stop:] if rest.startswith("#") else None
    return text[:begin] + text[stop:].removeprefix("\r").removeprefix("\n")


def _end_of_line(text: str, start: int) -> int:
    """Return where the line ends, before its line end."""
    stop = text.find("\n", start)
    if stop < 0:
        return len(text)
    return stop - 1 if text[stop - 1] == "\r" else stop


def _line_end(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"
