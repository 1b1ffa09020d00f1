"""What normalises steps [B, T, D] after the convolution of a Conformer layer."""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn

from phonograph.modules.frame_norm import GroupFrameNorm

StepNormKind = Literal["batch", "layer", "group", "instance", "none"]


class BatchStepNorm(nn.BatchNorm1d):
    """Batch norm over all steps of a batch; in training padded ones count.

    >>> import torch
    >>> norm = BatchStepNorm(2).eval()
    >>> norm(torch.ones(1, 3, 2), torch.ones(1, 3)).shape
    torch.Size([1, 3, 2])
    """

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:  # type: ignore[override]  # noqa: ARG002  # like the other norms'
        """Normalise [B, T, D]."""
        return super().forward(x.flatten(0, 1)).reshape(x.shape)

    def folded(self, weight: Tensor, bias: Tensor | None) -> tuple[Tensor, Tensor]:
        """Return the taps and bias of a filter that does the norm's work too, out of training.

        Args:
            weight: [D, ...] taps of the filter before the norm.
            bias: [D] its bias, if it has one.

        Raises:
            RuntimeError: the norm keeps no statistics.
        """
        if self.running_mean is None or self.running_var is None:
            raise RuntimeError("the batch norm keeps no statistics")
        scale = self.weight * (self.running_var + self.eps).rsqrt()
        offset = self.running_mean if bias is None else self.running_mean - bias
        return weight * scale.view(-1, *(1,) * (weight.dim() - 1)), self.bias - offset * scale


class LayerStepNorm(nn.LayerNorm):
    """Layer norm over the channels of a step."""

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:  # type: ignore[override]  # noqa: ARG002  # like the other norms'
        """Normalise [B, T, D]."""
        return super().forward(x)


class GroupStepNorm(GroupFrameNorm):
    """Normalise groups of channels over the valid steps of an utterance (Wu and He 2018)."""

    def forward(self, frames: Tensor, mask: Tensor) -> Tensor:
        """Normalise [B, T, D]; `mask` [B, T] is True where a step is valid."""
        x_bd1t = super().forward(frames.transpose(1, 2).unsqueeze(2), mask[:, None, None])
        return x_bd1t.squeeze(2).transpose(1, 2)


class NoStepNorm(nn.Module):
    """Nothing, for example where a batch norm was folded into the filter."""

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:  # noqa: ARG002  # like the other norms'
        """Return what comes."""
        return x


StepNorm = BatchStepNorm | LayerStepNorm | GroupStepNorm | NoStepNorm


def build_step_norm(
    kind: StepNormKind, width: int, groups: int, *, padding_counts: bool = False
) -> StepNorm:
    """Make a norm.

    Args:
        kind: batch norm; layer norm over channels; group or instance norm over the valid steps of
            an utterance; or `none`.
        width: channels, at least 1.
        groups: of the group norm, at least 1; they divide the width.
        padding_counts: whether group and instance norm count all steps rather than valid ones.

    Raises:
        ValueError: the groups do not divide the width.
    """
    match kind:
        case "batch":
            return BatchStepNorm(width)
        case "layer":
            return LayerStepNorm(width)
        case "group":
            return GroupStepNorm(width, groups, padding_counts=padding_counts)
        case "instance":
            return GroupStepNorm(width, width, padding_counts=padding_counts)
        case "none":
            return NoStepNorm()
