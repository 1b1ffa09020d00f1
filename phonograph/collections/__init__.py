"""Domain modules: speech recognition now, language understanding and synthesis to come."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from phonograph import modules
from phonograph.types.registry import Registry

if TYPE_CHECKING:
    from phonograph.collections.asr.word_errors import ErrorCounts

Metric = Callable[[Sequence[str], Sequence[str]], "ErrorCounts"]
"""Takes references and hypotheses, counts the errors."""


def default_registry() -> Registry:
    """Return the registry of every module that is installed; classes are imported on use."""
    from phonograph.types.plugins import with_plugins

    return with_plugins(shipped_registry().table)


def shipped_registry() -> Registry:
    """Return the registry of every module that phonograph ships, without those of plugins."""
    from phonograph.collections import asr

    return Registry({**modules.MODULES, **asr.MODULES})


def default_metrics() -> Mapping[str, Metric]:
    """Return the metrics that a view's `score` may name."""
    from phonograph.collections.asr.word_errors import character_errors, word_errors

    return {"wer": word_errors, "cer": character_errors}
