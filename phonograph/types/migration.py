"""What leads from one version of a module to the next: names that changed."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field
from typing import Any

Settings = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Migration:
    """How graphs and weights written for a version are read by the one after it.

    Args:
        parameters: old name -> new name, as under `with`.
        inputs: old name -> new name of input ports.
        outputs: old name -> new name of output ports.
        weights: old start -> new start of names in the module's state_dict, without the node; the
            longest that fits counts, and None leaves a weight out.
        settings: a pure function that turns what is under `with`, after the renaming, into what it
            must be now, where more than names has changed.

    >>> step = Migration(parameters={"filters": "n_mels"}, weights={"proj": "linear"})
    >>> step.renamed({"filters": 80, "hop": 0.01}), step.weight("proj.bias")
    ({'n_mels': 80, 'hop': 0.01}, 'linear.bias')
    """

    parameters: Mapping[str, str] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)
    weights: Mapping[str, str | None] = field(default_factory=dict)
    settings: Callable[[Settings], Settings] | None = None

    def renamed(self, given: Settings) -> dict[str, Any]:
        """Return parameters by their new names, and with their new values.

        Raises:
            ValueError: both the old and the new name of a parameter are given, or the values
                cannot be turned into new ones.
        """
        refuse_both(self.parameters, given)
        found = {self.parameters.get(name, name): value for name, value in given.items()}
        if self.settings is None:
            return found
        try:
            return dict(self.settings(found))
        except (ArithmeticError, LookupError, TypeError) as error:
            raise ValueError(f"its settings cannot be read: {error!r}") from error

    def weight(self, name: str) -> str | None:
        """Return the new name of a weight, or None when it is left out."""
        starts = [s for s in self.weights if name == s or name.startswith(f"{s}.")]
        if not starts:
            return name
        longest = max(starts, key=len)
        new = self.weights[longest]
        return None if new is None else new + name[len(longest) :]


def refuse_both(names: Mapping[str, str], given: Container[str]) -> None:
    """Refuse what has both an old name and the new one.

    Args:
        names: old name -> new name.
        given: names as written.

    Raises:
        ValueError: names the first.
    """
    for old, new in names.items():
        if old in given and new in given and new not in names:
            raise ValueError(f"both `{old}` and its newer name `{new}` are given")
