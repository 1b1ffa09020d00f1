"""The version of the file format, `phonograph: 1`, and how files of older ones are read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from phonograph.errors import Diagnostic
from phonograph.graphs.document import Document
from phonograph.graphs.fixes import added
from phonograph.graphs.parameters import shown
from phonograph.graphs.spec import SCHEMA_VERSION

KEY = "phonograph"

Migration = Callable[[Document], Document]
"""Rewrites a document of one version for the next; marks and folders must stay true."""

MIGRATIONS: Mapping[int, Migration] = {}
"""Version -> what leads from it to the next one."""


def migrate_schema(
    document: Document, migrations: Mapping[int, Migration] = MIGRATIONS, now: int = SCHEMA_VERSION
) -> Document:
    """Return the document as the present version would write it.

    A version that is missing, newer, or so old that nothing leads from it stays; `version_fault`
    tells of it.

    Args:
        document: as read.
        migrations: version -> what leads from it to the next one.
        now: the present version.
    """
    if not isinstance(document.data, dict):
        return document
    written = document.data.get(KEY)
    if not isinstance(written, int) or isinstance(written, bool):
        return document
    for version in range(written, now):
        if version not in migrations:
            break
        document = migrations[version](document)
        document = replace(document, data={**document.data, KEY: version + 1})
    return document


def version_fault(document: Document) -> Diagnostic | None:
    """Return what is wrong with the version of a mapping, or None."""
    version = document.data.get(KEY)
    help = f"write `{KEY}: {SCHEMA_VERSION}` at the top"
    if version is None:
        first = document.key_place(next(iter(document.data), ""))
        fix = added(first, f"{KEY}: {SCHEMA_VERSION}", before=True)
        message = "the schema version is missing"
        return Diagnostic("PG009", message, document.place(), help=help, fix=fix)
    if version == SCHEMA_VERSION and not isinstance(version, bool):
        return None
    message = f"this program reads schema version {SCHEMA_VERSION}, not {shown(version)}"
    return Diagnostic("PG009", message, document.place(KEY), help=help)
