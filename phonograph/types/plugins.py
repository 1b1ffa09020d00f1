"""Modules that other people's installed packages bring, found by their entry points.

A distribution names them in its pyproject.toml, by the id that graphs use:

    [project.entry-points."phonograph.modules"]
    "mylab.band_energy" = "mylab.band_energy:BandEnergy"

Only these lines are read; the code is imported when a graph names the id.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points

import phonograph
from phonograph.types.registry import Registry

GROUP = "phonograph.modules"


def with_plugins(shipped: Mapping[str, str]) -> Registry:
    """Return the shipped modules together with those of installed plugins.

    Args:
        shipped: id -> `python.module:Class` of what phonograph brings itself.
    """
    table = dict(shipped)
    claims = {id: [f"phonograph {phonograph.__version__}"] for id in shipped}
    found = sorted(entry_points(group=GROUP), key=lambda point: (point.name, _distribution(point)))
    for point in found:
        claims.setdefault(point.name, []).append(_distribution(point))
        table.setdefault(point.name, point.value)
    return Registry(
        table,
        plugins={id: names[0] for id, names in claims.items() if id not in shipped},
        contested={id: tuple(names) for id, names in claims.items() if len(names) > 1},
    )


def _distribution(point: EntryPoint) -> str:
    """Name and version of what brings an entry point."""
    return f"{point.dist.name} {point.dist.version}" if point.dist else "an unknown distribution"
