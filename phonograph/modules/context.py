"""How much before and after it a frame may see: what makes an encoder fit for live speech."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from phonograph.modules.positions import distance_codes, skewed_codes
from phonograph.modules.ranges import check_at_least
from phonograph.modules.windows import Windows

Reach = tuple[int | None, int | None]
"""Frames before and after, None without end."""


@dataclass(frozen=True, slots=True)
class Context:
    """What attention and convolution see around a frame; by default the whole utterance.

    Noroozi et al. 2024, arXiv 2312.17279, sec. 3.1.

    Args:
        left: frames before its own that attention sees, at least 0; all when left out.
        right: frames after its own, at least 0; all when left out.
        style: `regular`: every frame sees `left` and `right` frames around it, so that layers add
            up. `chunked`: frames come in chunks of `right + 1`; a frame sees all of its chunk and
            the `left / (right + 1)` chunks before it, however many layers there are. `local`:
            `regular`, computed window by window, for long recordings. `local_skewed`: `local` as
            NeMo computes it where `left` and `right` differ, with its relative positions.
        conv_right: frames after its own that the convolution hears, 0 to its kernel - 1: with 0 it
            is causal; half the kernel when left out.
        others: further `[left, right]`. Training draws one for every batch from them and the
            first, which is what inference uses.
        chances: how likely training draws the first and each of the others, above 0 together; all
            the same when left out.

    Raises:
        ValueError: a number is out of range, or they do not fit the style.
    """

    left: int | None = None
    right: int | None = None
    style: Literal["regular", "chunked", "local", "local_skewed"] = "regular"
    conv_right: int | None = None
    others: Sequence[Reach] = ()
    chances: Sequence[float] = ()

    def __post_init__(self) -> None:
        for left, right in self.all_reaches:
            check_at_least(0, left=left or 0, right=right or 0)
            if self.style == "chunked" and (left or 0) % ((right or 0) + 1):
                told = (
                    f"`left` must be a multiple of the chunk, `right` + 1 = {right}+1, not {left}"
                )
                raise ValueError(told)
        if self.style == "chunked" and self.right is None:
            raise ValueError(
                "`right` must be given for the style `chunked`: a chunk is longer by 1"
            )
        if self.is_local and (self.left is None or self.right is None or self.others):
            told = f"`style` {self.style} needs one `left` and one `right`, no `others`"
            raise ValueError(told)
        if self.chances and len(self.chances) != len(self.all_reaches):
            told = f"`chances` must be {len(self.all_reaches)}, for the first reach and each other"
            raise ValueError(told)
        if any(chance < 0 for chance in self.chances) or (self.chances and not sum(self.chances)):
            raise ValueError("`chances` must be at least 0, and above 0 together")

    @property
    def all_reaches(self) -> list[Reach]:
        """The first reach and the others."""
        return [(self.left, self.right), *((left, right) for left, right in self.others)]

    @property
    def is_local(self) -> bool:
        """Whether attention is computed window by window."""
        return self.style.startswith("local")

    @property
    def unlimited(self) -> bool:
        """Whether everything always sees everything."""
        return all(reach == (None, None) for reach in self.all_reaches)

    @property
    def chunk(self) -> int:
        """Frames that attention takes together: those of a chunk, else 1."""
        return (self.right or 0) + 1 if self.style == "chunked" else 1

    @property
    def waiting(self) -> int:
        """Frames that come after a frame before attention can take it, with whole chunks 0."""
        return 0 if self.style == "chunked" else self.right or 0

    @property
    def kept(self) -> int | None:
        """Keys before a step of a stream that its queries may see; None for all."""
        return None if self.left is None else self.left + self.waiting

    def last_seen(self, frame: int) -> int:
        """Return the last frame that attention sees from a frame; `right` must be given.

        >>> Context(4, 3, "chunked").last_seen(5), Context(4, 3).last_seen(5)
        (7, 8)
        """
        return frame - frame % self.chunk + self.chunk - 1 + self.waiting

    def seen(self, queries: Tensor, keys: Tensor, *, draw: bool = False) -> Tensor:
        """Mark the keys that queries may see.

        Args:
            queries: [Q] frame numbers.
            keys: [K] frame numbers.
            draw: whether to draw among the reaches, for training.

        Returns:
            [Q, K], True where a key may be seen.

        >>> Context(2, 1, "chunked").seen(torch.arange(4), torch.arange(4)).int()
        tensor([[1, 1, 0, 0],
                [1, 1, 0, 0],
                [1, 1, 1, 1],
                [1, 1, 1, 1]], dtype=torch.int32)
        """
        if not draw or not self.others:
            return self._within((self.left, self.right), queries, keys)
        every = torch.stack([self._within(reach, queries, keys) for reach in self.all_reaches])
        chances = torch.tensor(list(self.chances) or [1.0] * len(every))
        # Chosen by a tensor, not by a branch, so that the step can be compiled as one.
        chosen = torch.multinomial(chances, 1).to(every.device)
        return every.index_select(0, chosen).squeeze(0)

    def codes(self, queries: int, keys: int, before: int, like: Tensor) -> Tensor:
        """Return codes of the distances, as `distance_codes` gives them.

        Args:
            queries: number of queries, one after another.
            keys: number of keys, one after another.
            before: how many of the keys stand before the first query.
            like: [..., width] frames that give width (even), dtype and device.
        """
        codes = distance_codes(queries, keys, before, like)
        if self.style != "local_skewed":
            return codes
        return skewed_codes(codes, before, queries, (self.left or 0, self.right or 0))

    def windows(self) -> Windows | None:
        """Return the blocks that attention is cut into, with a local style."""
        if not self.is_local or self.left is None or self.right is None:
            return None
        # About as many queries as keys around them: half the work lies within what is seen.
        return Windows(self.left + self.right + 1, self.left, self.right)

    def _within(self, reach: Reach, queries: Tensor, keys: Tensor) -> Tensor:
        left, right = reach
        queries, keys = queries.unsqueeze(1), keys.unsqueeze(0)
        chunk = right + 1 if self.style == "chunked" and right is not None else 1
        ahead = torch.div(keys, chunk, rounding_mode="floor")
        ahead = ahead - torch.div(queries, chunk, rounding_mode="floor")
        seen = torch.ones_like(ahead, dtype=torch.bool)
        if left is not None:
            seen = ahead >= -(left // chunk)
        if right is not None:
            seen = seen & (ahead <= (right if chunk == 1 else 0))
        return seen
