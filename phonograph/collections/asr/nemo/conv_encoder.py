"""NeMo's `ConvASREncoder` (Jasper, QuartzNet, Citrinet, MatchboxNet) as `asr.conv_encoder`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from phonograph.collections.asr.foreign_part import Part
from phonograph.collections.asr.foreign_settings import Settings

_ACTIVATIONS = {
    **{name: name for name in ("relu", "hardtanh", "selu", "gelu", "silu", "identity")},
    "swish": "silu",
}
_NORMS = {name: name for name in ("batch", "layer", "instance", "group")}
_ADDING = ("add", "stride_add")
_MODES = (*_ADDING, "max")


def translate(settings: Settings, weights: Mapping[str, Tensor], *, pad_to: int = 16) -> Part:
    """Translate the section `encoder`.

    Args:
        settings: the section.
        weights: its tensors.
        pad_to: what the front end pads batches to a multiple of, where norms count padding.

    >>> from phonograph.collections.asr.foreign_settings import read_settings
    >>> row = "{filters: 8, repeat: 1, kernel: [4], stride: [2], dilation: [1], residual: true}"
    >>> settings = read_settings(f"{{feat_in: 4, activation: swish, jasper: [{row}]}}")
    >>> part = translate(settings, {})
    >>> part.arguments["activation"], part.arguments["blocks"][0]["kernel"]
    ('silu', 5)
    >>> settings.faults()[0].message
    '`jasper.0.residual_mode`: must be stride_add where a residual block strides'
    """
    settings.ignore("_target_", "init_mode")
    if not settings.flag("conv_mask", default=True):
        settings.refuse("conv_mask", "must be true: else padding changes results")
    if settings.flag("quantize", default=False):
        settings.refuse("quantize", "quantised weights are not supported")
    arguments: dict[str, Any] = {
        "feat_in": settings.number("feat_in") * max(1, settings.number("frame_splicing", 1)),
        "blocks": _blocks(settings),
        "activation": settings.choice("activation", _ACTIVATIONS, "relu"),
    }
    kind = settings.choice("normalization_mode", _NORMS, "batch")
    groups = settings.number("norm_groups", -1)
    if kind != "batch":
        arguments["norm"] = {"kind": kind, "padding": max(1, pad_to)}
        if kind == "group":
            arguments["norm"] = _group_norm(groups, max(1, pad_to))
    if not settings.sound:
        return Part("asr.conv_encoder", arguments)
    found = {
        ours: weights[theirs]
        for number, block in enumerate(arguments["blocks"])
        for ours, theirs in _Names(number, block, arguments["blocks"], kind).pairs()
    }
    return Part("asr.conv_encoder", arguments, found)


def _group_norm(groups: int, pad_to: int) -> dict[str, Any]:
    if groups == -1:
        return {"kind": "instance", "padding": pad_to}
    return {"kind": "group", "groups": groups, "padding": pad_to}


def _blocks(settings: Settings) -> list[dict[str, Any]]:
    """Translate the rows; NeMo's `residual_mode` holds on until another row changes it."""
    mode = settings.text("residual_mode", "add") or "add"
    blocks: list[dict[str, Any]] = []
    for row in settings.sections("jasper"):
        mode = row.text("residual_mode", mode) or mode
        block = _block(row)
        block["residual"] = _residual(row, block, blocks, mode)
        blocks.append(block)
    return blocks


def _block(row: Settings) -> dict[str, Any]:
    kernel, stride, dilation = (_single(row, key) for key in ("kernel", "stride", "dilation"))
    kernel = max(int(kernel * row.number("kernel_size_factor", 1.0)), 1)
    kernel += 1 - kernel % 2
    if stride > 1 and dilation > 1:
        row.refuse("dilation", "must be 1 where a block strides")
    if row.value("heads", -1) != -1:
        row.refuse("heads", "weights shared between channels are not supported")
    return {
        "filters": row.number("filters"),
        "kernel": kernel,
        "repeat": row.number("repeat"),
        "stride": stride,
        "stride_at": "last" if row.flag("stride_last", default=False) else "every",
        "dilation": dilation,
        "ahead": _ahead(row, kernel, dilation),
        "groups": row.number("groups", 1),
        "separable": row.flag("separable", default=False),
        "excite": _excite(row),
        "dropout": row.number("dropout", 0.0),
    }


def _single(row: Settings, key: str) -> int:
    """Return a number that is written in a list of its own."""
    match row.value(key):
        case [int(number)] if not isinstance(number, bool):
            return number
        case list():
            row.refuse(key, "one whole number in brackets is wanted")
            return 1
    return row.number(key)


def _ahead(row: Settings, kernel: int, dilation: int) -> int | None:
    ahead = row.number("future_context", -1)
    if ahead < 0 or kernel <= ahead:
        return None
    if dilation > 1:
        row.refuse("future_context", "is not supported where a block dilates")
    return ahead


def _excite(row: Settings) -> dict[str, Any] | None:
    row.ignore("se_interpolation_mode")
    reduction, window = row.number("se_reduction_ratio", 8), row.number("se_context_size", -1)
    if not row.flag("se", default=False):
        return None
    return {"reduction": reduction, "window": window if window > 0 else None}


def _residual(
    row: Settings, block: Mapping[str, Any], earlier: list[dict[str, Any]], mode: str
) -> bool | str:
    """Say what is added; refuse what NeMo cannot run, or runs in a way of its own."""
    residual, dense = row.flag("residual", default=True), row.flag("residual_dense", default=False)
    runs = [before["residual"] == "dense" for before in earlier]
    after_dense = bool(runs) and runs[-1]
    strides = block["stride"] > 1
    if residual and mode not in _MODES:
        row.refuse("residual_mode", f"only {', '.join(_MODES)} are supported")
    if residual and strides and mode != "stride_add":
        row.refuse("residual_mode", "must be stride_add where a residual block strides")
    if residual and strides and block["repeat"] > 1 and block["stride_at"] == "every":
        row.refuse("stride_last", "must be true where a residual block repeats and strides")
    if dense and not residual:
        row.refuse("residual_dense", "needs `residual`")
    if dense and mode == "max":
        row.refuse("residual_mode", "must be add in a dense block")
    if dense and strides:
        row.refuse("residual_dense", "is not supported where a block strides")
    if dense and any(runs) and not after_dense:
        row.refuse("residual_dense", "only one run of dense blocks is supported")
    if residual and not dense and after_dense:
        row.refuse("residual", "must be dense, or false, after a dense block")
    if dense or (residual and mode == "max"):
        return "dense" if dense else "max"
    return residual


@dataclass(frozen=True, slots=True)
class _Names:
    """Our names of a block's tensors, and NeMo's.

    NeMo numbers everything a block does in one row: the convolutions of a repeat, their norm, a
    shuffle where there are groups, an activation and a dropout; a gate comes after the last norm.
    """

    number: int
    block: Mapping[str, Any]
    blocks: list[dict[str, Any]]
    norm: str

    def pairs(self) -> Iterator[tuple[str, str]]:
        separable, shuffled = self.block["separable"], self.block["groups"] > 1
        place = 0
        for repeat in range(self.block["repeat"]):
            unit = f"blocks.{self.number}.units.{repeat}"
            if separable:
                yield f"{unit}.depthwise.weight", self._theirs(f"mconv.{place}.conv.weight")
                place += 1
            yield f"{unit}.conv.weight", self._theirs(f"mconv.{place}.conv.weight")
            yield from self._norm(f"{unit}.norm", f"mconv.{place + 1}")
            place += 2 + shuffled
            gate = place
            place += 2
        if self.block["excite"]:
            ours, theirs = f"blocks.{self.number}.excite", f"mconv.{gate}.fc"
            yield f"{ours}.reduce.weight", self._theirs(f"{theirs}.0.weight")
            yield f"{ours}.expand.weight", self._theirs(f"{theirs}.2.weight")
        for added in range(self._added()):
            ours, theirs = f"blocks.{self.number}.shortcuts.{added}", f"res.{added}"
            yield f"{ours}.conv.weight", self._theirs(f"{theirs}.0.conv.weight")
            yield from self._norm(f"{ours}.norm", f"{theirs}.1")

    def _added(self) -> int:
        if self.block["residual"] != "dense":
            return int(bool(self.block["residual"]))
        run = 0
        while self.number >= run and self.blocks[self.number - run]["residual"] == "dense":
            run += 1
        return run

    def _norm(self, ours: str, theirs: str) -> Iterator[tuple[str, str]]:
        names = ["weight", "bias"]
        if self.norm == "batch":
            names += ["running_mean", "running_var", "num_batches_tracked"]
        for name in names:
            yield f"{ours}.{name}", self._theirs(f"{theirs}.{name}")

    def _theirs(self, name: str) -> str:
        return f"encoder.{self.number}.{name}"
