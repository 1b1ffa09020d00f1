"""Masks of training come along where ours have a counterpart, and are never a reason to refuse."""

import pytest

from phonograph.collections.asr.foreign_settings import read_settings
from phonograph.collections.asr.nemo.augmentation import translate_augmentation
from phonograph.collections.asr.spec_augment import SpecAugment


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{freq_masks: 2, time_masks: 3, time_width: 0.1}", {"freq_width": 10, "time_width": 0.1}),
        ("{freq_masks: 1, freq_width: 5}", {"freq_width": 5, "time_limit": 10}),
        ("{time_masks: 1, time_width: 70}", {"time_width": 1.0, "time_limit": 70}),
        ("{time_masks: 1, time_width: wide}", {"time_masks": 1, "freq_masks": 0}),
    ],
)
def test_masks_become_ours(text, expected):
    settings = read_settings(text)
    part = translate_augmentation(settings)
    assert settings.faults() == []
    assert part is not None
    assert expected.items() <= part.arguments.items()
    SpecAugment(**part.arguments)


@pytest.mark.parametrize("text", ["{}", "{rect_masks: 5, rect_time: 120}", "{freq_masks: many}"])
def test_what_has_no_counterpart_is_left_out(text):
    settings = read_settings(text)
    assert translate_augmentation(settings) is None
    assert settings.faults() == []
