"""A batch whose numbers were not finite, and all that it takes to compute it again."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from phonograph.errors import DataError, Diagnostic, Place
from phonograph.graphs.spec import PortName
from phonograph.training.tensor_file import write_tensors
from phonograph.whole_file import write_whole


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedBatch:
    """A batch, and how it was computed.

    Args:
        step: steps of the optimizer done.
        ids: names of the utterances; may be empty where the data has no names.
        loss: what it was, as Python writes it.
        seeds: what the random state was made of; see `seed_everything`.
        precision: as Lightning's Trainer names it.
        frozen: names of the weights that were not trained.
        texts: port -> values that are no tensors.
        tensors: port -> tensor.
    """

    step: int
    ids: Sequence[str]
    loss: str
    seeds: Sequence[int]
    precision: str
    frozen: Sequence[str]
    texts: Mapping[str, Any]
    tensors: Mapping[str, Tensor] = field(repr=False)

    @property
    def values(self) -> dict[PortName, Any]:
        """The batch by port."""
        both = {**self.texts, **self.tensors}
        return {PortName(*name.rsplit(".", 1)): value for name, value in both.items()}

    def save(self, file: Path) -> None:
        """Write the tensors into a file, and the facts into one beside it that ends in `.json`."""
        write_tensors(file, self.tensors)
        names = (one.name for one in fields(self) if one.name != "tensors")
        facts = {name: getattr(self, name) for name in names}
        text = json.dumps(facts, indent=1, ensure_ascii=False) + "\n"
        write_whole(file.with_suffix(".json"), text)


def read_failed_batch(file: Path) -> FailedBatch:
    """Read what `FailedBatch.save` wrote.

    Raises:
        DataError: it is missing or damaged.
    """
    try:
        facts = json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))
        return FailedBatch(**facts, tensors=load_file(file))
    except (OSError, ValueError, TypeError, SafetensorError) as error:
        message = f"the batch that failed cannot be read: {error}"
        raise DataError(Diagnostic("PT033", message, Place(str(file)))) from None


def all_finite(tensors: Iterable[Tensor]) -> bool:
    """Whether no number is infinite or NaN; the norm of all tells it in one pass.

    >>> [all_finite([torch.ones(2), torch.tensor([x])]) for x in (1.0, 3e38, torch.nan)]
    [True, True, False]
    """
    given = list(tensors)
    # the squares of finite numbers may overflow, which is rare enough to look at each then
    norm = torch.nn.utils.get_total_norm(given)
    return bool(norm.isfinite()) or all(bool(one.isfinite().all()) for one in given)
