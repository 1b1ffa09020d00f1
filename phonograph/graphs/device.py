"""The device to compute on, checked before anything is moved to it."""

from __future__ import annotations

import re

import torch


def pick_device(name: str) -> str:
    """Return the device to compute on, as PyTorch names it.

    Args:
        name: `auto` takes a graphics processor where there is one.

    Raises:
        ValueError: the name is not one, or this machine has no such device.

    >>> pick_device("cpu")
    'cpu'
    >>> pick_device("gpu")
    Traceback (most recent call last):
    ValueError: `gpu` is no device; write auto, cpu, cuda, cuda:1 or mps
    """
    present = torch.accelerator.device_count() if torch.accelerator.is_available() else 0
    current = torch.accelerator.current_accelerator()
    kind = current.type if current is not None and present else "cpu"
    if name == "auto":
        return kind
    form = re.fullmatch(r"(cpu|cuda|mps|xpu)(?::(\d+))?", name)
    if form is None:
        raise ValueError(f"`{name}` is no device; write auto, cpu, cuda, cuda:1 or mps")
    if form[1] != "cpu" and (form[1] != kind or int(form[2] or 0) >= present):
        have = f"it has cpu and {present} x {kind}" if present else "it has cpu only"
        raise ValueError(f"this machine has no `{name}`: {have}")
    return name
