"""Noise and masks of training as a NeMo configuration has them."""

from __future__ import annotations

from typing import Any

from phonograph.graphs.solved import SolvedGraph

_NO_LIMIT = 100_000  # frames; as many are no limit


def dither_of(graph: SolvedGraph) -> float:
    """Return the deviation of the noise that training adds to samples, 0 for none."""
    nodes = (node for node in graph.nodes.values() if node.declaration.id == "asr.dither")
    return next((float(node.parameters["amount"]) for node in nodes), 0.0)


def augmentation_settings(graph: SolvedGraph) -> dict[str, Any]:
    """Write the settings of NeMo's `SpectrogramAugmentation`, empty where nothing is masked."""
    nodes = (node for node in graph.nodes.values() if node.declaration.id == "asr.spec_augment")
    node = next(nodes, None)
    if node is None:
        return {}
    masks = node.parameters
    limited = masks["time_limit"] < _NO_LIMIT and masks["time_width"] == 1.0
    return {
        "_target_": "nemo.collections.asr.modules.SpectrogramAugmentation",
        **{name: masks[name] for name in ("freq_masks", "freq_width", "time_masks")},
        "time_width": masks["time_limit"] if limited else float(masks["time_width"]),
    }
