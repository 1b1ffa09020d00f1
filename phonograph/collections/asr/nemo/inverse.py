"""NeMo's names and shapes for our tensors, found by asking the translators which is which."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

import torch
from torch import Tensor

from phonograph.collections.asr.foreign_part import Part
from phonograph.collections.asr.foreign_settings import Settings

_AXES = 3  # of the tensors with most of them; a translator may take the last one off
_LAYER = re.compile(r"^layers\.\d+\.")


def inverse_weights(
    translate: Callable[[Settings, Mapping[str, Tensor]], Part],
    settings: Settings,
    ours: Mapping[str, Tensor],
    names: Sequence[str] = (),
) -> dict[str, Tensor]:
    """Rename our tensors as the translator would rename them back.

    The translator is handed numbered markers for tensors, so that there is one table for both ways.

    Args:
        translate: reads a section of NeMo's.
        settings: the section, as it will be written.
        ours: our tensors.
        names: those of NeMo's tensors that the translator looks for by walking over them.

    Returns:
        our tensors under NeMo's names and with its axes.

    Raises:
        KeyError: the translator gives a tensor that we do not have.

    >>> from phonograph.collections.asr.nemo import ctc_head
    >>> from phonograph.collections.asr.foreign_settings import read_settings
    >>> head = {"linear.weight": torch.zeros(29, 64), "linear.bias": torch.zeros(29)}
    >>> found = inverse_weights(ctc_head.translate, read_settings("{}"), head)
    >>> {name: list(tensor.shape) for name, tensor in found.items()}
    {'decoder_layers.0.weight': [29, 64, 1], 'decoder_layers.0.bias': [29]}
    """
    markers = _Markers(names)
    part = translate(settings, markers)
    found = {}
    for name, marker in part.weights.items():
        tensor = ours[name]
        for _ in range(_AXES - marker.ndim):
            tensor = tensor.unsqueeze(-1)
        found[markers.asked[int(marker.flatten()[0])]] = tensor
    # what the translator asked for and did not use, every layer has a copy of
    for name in markers.asked:
        if name not in found:
            found[name] = found[_LAYER.sub("layers.0.", name)]
    return found


class _Markers(Mapping[str, Tensor]):
    """Has a tensor for every name: a number, by which the name is known again."""

    def __init__(self, names: Sequence[str]) -> None:
        self.asked: list[str] = []
        self._names = names

    def __getitem__(self, name: str) -> Tensor:
        if name not in self.asked:
            self.asked.append(name)
        return torch.full((1,) * _AXES, self.asked.index(name))

    def __contains__(self, name: object) -> bool:
        return True

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)
