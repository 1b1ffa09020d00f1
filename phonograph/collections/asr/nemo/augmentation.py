"""NeMo's `SpectrogramAugmentation` as `asr.spec_augment`; it is of training, so never refused."""

from __future__ import annotations

from typing import Any

from phonograph.collections.asr.foreign_part import Part
from phonograph.collections.asr.foreign_settings import Settings

_UNLIMITED = 1_000_000  # frames


def translate_augmentation(settings: Settings) -> Part | None:
    """Translate the section `spec_augment`; what has no counterpart is left out.

    >>> from phonograph.collections.asr.foreign_settings import read_settings
    >>> text = "{freq_masks: 2, freq_width: 27, time_masks: 10, time_width: 0.05}"
    >>> translate_augmentation(read_settings(text)).arguments["time_width"]
    0.05
    """
    settings.ignore(*settings)
    freq_masks, time_masks = _whole(settings, "freq_masks", 0), _whole(settings, "time_masks", 0)
    if not freq_masks and not time_masks:
        return None
    arguments: dict[str, Any] = {
        "freq_masks": freq_masks,
        "freq_width": _whole(settings, "freq_width", 10),
        "time_masks": time_masks,
    }
    return Part("asr.spec_augment", arguments | _time_width(settings.value("time_width", 10)))


def _time_width(width: object) -> dict[str, Any]:
    """A share of the utterance is written with a point, frames without."""
    match width:
        case float() if 0 <= width <= 1:
            return {"time_width": width, "time_limit": _UNLIMITED}
        case int() if width >= 0:
            return {"time_width": 1.0, "time_limit": width}
    return {}


def _whole(settings: Settings, key: str, default: int) -> int:
    found = settings.value(key, default)
    return found if isinstance(found, int) and found >= 0 else 0
