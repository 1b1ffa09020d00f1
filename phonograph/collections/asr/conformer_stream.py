"""A Conformer that hears an utterance bit by bit and forgets nothing that it needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

from phonograph.collections.asr.subsampling import Subsampling
from phonograph.modules.conformer_block import BlockSettings, BlockState, Moment
from phonograph.modules.context import Context
from phonograph.modules.halving import Span

if TYPE_CHECKING:
    from phonograph.collections.asr.conformer import Conformer

_UNKNOWN_END = 1 << 40


class ConformerState(NamedTuple):
    """What an encoder keeps of a stream: tensors, of the same shapes after every block.

    Args:
        rest: [B, feat_in, R] features that do not fill a block yet.
        heard: [B, feat_in, C] the features before them that the subsampling hears again.
        position: [B] the position of the next subsampled frame, below 0 before any is complete.
        end: [B] features of the whole utterance; a very large number until it ended.
        layers: what the layers keep.
    """

    rest: Tensor
    heard: Tensor
    position: Tensor
    end: Tensor
    layers: tuple[BlockState, ...]


@dataclass(frozen=True, slots=True)
class StreamPlan:
    """How features are cut into blocks, each of which completes the frames of one chunk.

    Args:
        stride: features for one frame.
        chunk: frames that come out of a block.
        lead: features before the first that fill up the first block, so that every block ends with
            the last feature that its frames need.
        before: features before a block that the subsampling hears again.
        skipped: frames at the start of a block and what is before it that came out earlier.
        late: frames that a block is behind the features it begins with.
    """

    stride: int
    chunk: int
    lead: int
    before: int
    skipped: int
    late: int

    @classmethod
    def of(cls, front: Subsampling, stride: int, context: Context) -> StreamPlan:
        """Plan the blocks.

        >>> StreamPlan.of(Subsampling(), 4, Context(0, 0))
        StreamPlan(stride=4, chunk=1, lead=0, before=4, skipped=1, late=0)
        """
        first, last = front.heard(stride)
        size = stride * context.chunk
        needed = stride * (context.chunk - 1) + last + 1  # features that complete the first chunk
        lead = -needed % size
        late = (needed + lead) // size - 1  # blocks
        skipped = -(first // stride)
        before = late * size + stride * skipped - lead
        return cls(stride, context.chunk, lead, before, skipped, late * context.chunk)

    @property
    def block(self) -> int:
        """Features of a block."""
        return self.stride * self.chunk


def why_not_streaming(front: Subsampling, block: BlockSettings, context: Context) -> str | None:
    """Say why an encoder cannot hear an utterance bit by bit, or None when it can.

    >>> why_not_streaming(Subsampling(), BlockSettings(), Context())
    'attention sees the whole utterance: `context.right` is not given'
    """
    if context.right is None:
        return "attention sees the whole utterance: `context.right` is not given"
    if block.whole:
        return f"`block.norm` {block.norm} hears the whole utterance"
    if front.reduction is not None:
        return "`subsampling.reduction` is not done bit by bit"
    return None


def start(encoder: Conformer, batch: int) -> ConformerState:
    """Return the state before the first features of `batch` utterances."""
    plan = encoder.plan
    like = next(encoder.parameters())
    rest, heard = (
        like.new_zeros(batch, encoder.feat_in, size) for size in (plan.lead, plan.before)
    )
    position = torch.full((batch,), -plan.late, device=like.device)
    layers = tuple(layer.start(batch) for layer in encoder.layers)
    return ConformerState(rest, heard, position, torch.full_like(position, _UNKNOWN_END), layers)


def step(
    encoder: Conformer, features: Tensor, state: ConformerState
) -> tuple[Tensor, ConformerState]:
    """Encode the next features, as far as they complete blocks."""
    rest = torch.cat([state.rest, features], 2)
    size = rest.shape[2] // encoder.plan.block * encoder.plan.block
    state = state._replace(rest=rest[:, :, size:])
    if not size:
        return features.new_zeros(len(features), encoder.width, 0), state
    first = _next(encoder, state)
    encoded, _, state = _advanced(encoder, rest[:, :, :size], state)
    return encoded[:, :, max(0, -first) :], state


def step_blocks(
    encoder: Conformer, features: Tensor, lengths: Tensor, state: ConformerState
) -> tuple[Tensor, Tensor, ConformerState]:
    """Encode whole blocks, always as many frames as features allow, valid or not."""
    rest = torch.cat([state.rest, features], 2)
    size = features.shape[2]
    fed = _fed(encoder, state)
    ended = torch.where(lengths < size, fed + lengths, _UNKNOWN_END)
    state = state._replace(rest=rest[:, :, size:], end=torch.minimum(state.end, ended))
    return _advanced(encoder, rest[:, :, :size], state)


def finish(encoder: Conformer, state: ConformerState) -> Tensor:
    """Encode what is left when the utterances ended."""
    plan = encoder.plan
    state = state._replace(end=_fed(encoder, state))
    first, end = _next(encoder, state), int(_frames(encoder, state.end)[0])
    blocks = -(-(end - first) // plan.chunk)
    if blocks <= 0:
        return state.rest.new_zeros(len(state.rest), encoder.width, 0)
    missing = blocks * plan.block - state.rest.shape[2]
    silence = state.rest.new_zeros(len(state.rest), encoder.feat_in, max(0, missing))
    features = torch.cat([state.rest, silence], 2)[:, :, : blocks * plan.block]
    encoded, _, _ = _advanced(encoder, features, state)
    return encoded[:, :, max(0, -first) : end - first]


def _advanced(
    encoder: Conformer, features: Tensor, state: ConformerState
) -> tuple[Tensor, Tensor, ConformerState]:
    """Encode the next blocks; give [B, width, N] frames and [B, N], True where they are valid."""
    plan = encoder.plan
    heard = torch.cat([state.heard, features], 2)
    start = plan.stride * (state.position - plan.skipped)  # of what is heard
    span = Span((state.end - start).clamp(min=0), (-start).clamp(min=0))
    x_btd, _ = encoder.subsampling(heard, span)
    size = features.shape[2] // plan.stride
    x_btd = x_btd[:, plan.skipped : plan.skipped + size]
    moment = Moment(state.position, _frames(encoder, state.end))
    x_btd = encoder.entered(x_btd, moment.positions(size))
    codes = biases = None
    layers = []
    for layer, before in zip(encoder.layers, state.layers, strict=True):
        if codes is None and not layers:
            keys = before.attention.key.shape[1]
            sight = encoder.sight(
                x_btd, moment.first, size, keys + size, keys - encoder.context.waiting
            )
            codes, biases = sight.codes, sight.biases
        x_btd, after = layer.step(x_btd, moment, before, codes, biases)
        moment = moment.earlier(layer.delay)
        layers.append(after)
    mask = moment.mask(size)
    encoded = encoder.out(x_btd).transpose(1, 2).masked_fill(~mask.unsqueeze(1), 0.0)
    kept = heard[:, :, heard.shape[2] - plan.before :]
    after_all = ConformerState(state.rest, kept, state.position + size, state.end, tuple(layers))
    return encoded, mask, after_all


def _fed(encoder: Conformer, state: ConformerState) -> Tensor:
    """Return how many features came so far, [B]."""
    plan = encoder.plan
    start = plan.stride * (state.position + plan.late) - plan.lead
    return start + state.rest.shape[2]


def _frames(encoder: Conformer, features: Tensor) -> Tensor:
    """Return how many frames so many features give, [B]."""
    shifted = features + encoder.shift
    return torch.div(shifted, encoder.plan.stride, rounding_mode="floor")


def _next(encoder: Conformer, state: ConformerState) -> int:
    """Return the position of the next encoded frame."""
    return int(state.position[0]) - sum(layer.delay for layer in encoder.layers)
