"""The option `--device`."""

from __future__ import annotations

import typer


def pick_device(name: str) -> str:
    """Return the device to compute on; `auto` takes a graphics processor where there is one.

    Raises:
        typer.BadParameter: the name is not one, or this machine has no such device.
    """
    from phonograph.graphs import device

    try:
        return device.pick_device(name)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
