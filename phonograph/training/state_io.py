"""How Lightning writes and reads the state of a training: as plain data, the last two kept."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from lightning_fabric.plugins import CheckpointIO
from typing_extensions import override

from phonograph.training.state_file import previous_of, read_state, write_state

if TYPE_CHECKING:
    from lightning_fabric.utilities.types import _PATH


class StateIO(CheckpointIO):
    """Writes states with `write_state`; the one before stays as `previous.state`."""

    @override
    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: _PATH, storage_options: Any = None
    ) -> None:
        """Write a state under a name of its own, then move the two into place."""
        file = Path(path)
        fresh = file.with_suffix(".new")
        write_state(fresh, checkpoint)
        if file.exists():
            file.replace(previous_of(file))
        fresh.replace(file)

    @override
    def load_checkpoint(
        self, path: _PATH, map_location: Any = None, weights_only: bool | None = None
    ) -> dict[str, Any]:
        """Read a state.

        Raises:
            PhonographError: it is missing or damaged.
        """
        return read_state(Path(path))

    @override
    def remove_checkpoint(self, path: _PATH) -> None:
        """Delete a state."""
        Path(path).unlink(missing_ok=True)
