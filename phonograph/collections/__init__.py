"""Domain modules: speech recognition now, language understanding and synthesis to come."""

from __future__ import annotations

from phonograph.types.registry import Registry


def default_registry() -> Registry:
    """Return the registry of every module that phonograph ships; classes are imported on use."""
    from phonograph.collections import asr

    return Registry({**asr.MODULES})
