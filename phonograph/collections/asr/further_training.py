"""The YAML graph with which an imported model is trained further."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from phonograph.data.sentencepiece_tokenizer import unpacked
from phonograph.graphs.parameters import GIVEN_LATER

_WIDTH = 96
_TRAIN = {
    "optimizer": {"name": "adamw", "lr": 0.0003, "weight_decay": 0.001},
    "schedule": {"name": "cosine", "warmup_steps": 500},
    "trainer": {"max_epochs": 20, "gradient_clip_val": 1.0},
}
_OF_VOCABULARY = ("predictor", "joint", "head")


@dataclass(frozen=True, slots=True)
class Recipe:
    """Files to write.

    Args:
        text: the YAML.
        pieces: the model of a tokenizer of pieces, which the YAML names beside itself.
    """

    text: str
    pieces: bytes | None


def further_training(graph: Mapping[str, Any], bundle: Path, path: Path) -> Recipe:
    """Write out a graph that starts from its bundle.

    Args:
        graph: the imported graph as plain data.
        bundle: where its bundle is.
        path: where the YAML will be; a tokenizer's model lies beside it and ends in `.model`.

    Raises:
        ValueError: the graph has no view `train`.
    """
    if "train" not in graph["views"]:
        raise ValueError("the graph has no loss: write a graph of your own, and `init` with it")
    modules = {name: dict(node) for name, node in graph["modules"].items()}
    data = dict(modules["data"]["with"])
    tokenizer, pieces = dict(data["tokenizer"]), None
    if tokenizer["type"] == "sentencepiece":
        pieces = unpacked(tokenizer["content"])
        tokenizer = {"type": "sentencepiece", "model": path.with_suffix(".model").name}
    open_data = {"train": GIVEN_LATER, "validation": GIVEN_LATER, **data, "tokenizer": tokenizer}
    modules["data"] = {**modules["data"], "with": open_data}
    start = os.path.relpath(bundle, path.parent)
    written = {**graph, "modules": modules, "init": {"from": start}, "train": _TRAIN}
    # copied by way of JSON: what stands in two places is written twice instead of named
    text = yaml.safe_dump(
        json.loads(json.dumps(written)),
        sort_keys=False,
        default_flow_style=None,
        allow_unicode=True,
        width=_WIDTH,
    )
    return Recipe(_heading(list(modules)) + text, pieces)


def _heading(nodes: list[str]) -> str:
    named = ", ".join(name for name in _OF_VOCABULARY if name in nodes)
    return (
        "# Trains an imported model further. For another vocabulary, change two lines:\n"
        f"# the tokenizer, and `init` by adding `exclude: [{named}]`.\n"
    )
