#!/usr/bin/env python3
"""Measure a front end's features over the training data, for fixed (global) normalisation.

    .venv/bin/python scripts/measure_features.py my.yaml mel
    .venv/bin/python scripts/measure_features.py my.yaml mel modules.data.with.train=more.jsonl

GRAPH is a YAML file or a shipped recipe, NODE the front end in it. The line that is printed goes
into the `with` of that node: every feature then has mean 0 and standard deviation 1 over all valid
frames of the set, and a single utterance, or a stream, is heard as it is.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter

import torch

from phonograph.cli.graph_argument import load_argument
from phonograph.errors import PhonographError
from phonograph.graphs.model import build
from phonograph.graphs.spec import PortName
from phonograph.modules.feature_scale import FixedScale
from phonograph.modules.feature_statistics import FeatureStatistics
from phonograph.training.split import open_split

VIEW = "measure"


def main() -> int:
    """Measure, and print a line of YAML."""
    parser = ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("graph", metavar="GRAPH")
    parser.add_argument("node", metavar="NODE")
    parser.add_argument("settings", metavar="KEY=VALUE", nargs="*")
    arguments = parser.parse_args()
    try:
        fits = front_ends(arguments.graph, arguments.settings)
        if arguments.node not in fits:
            names = ", ".join(f"`{name}`" for name in fits) or "none"
            parser.error(f"`{arguments.node}` is no front end that normalises; there is {names}")
        frames, scale = measure(arguments.graph, arguments.node, arguments.settings)
    except PhonographError as error:
        print("\n\n".join(map(str, error.diagnostics)), file=sys.stderr)
        return 1
    print(f"{frames} frames", file=sys.stderr)
    print(f"normalize: {in_yaml(scale)}")
    return 0


def front_ends(graph: str, settings: list[str]) -> list[str]:
    """Return the nodes that normalise features.

    Raises:
        PhonographError: the graph is at fault.
    """
    nodes = load_argument(graph, settings).nodes
    return [name for name, node in nodes.items() if "normalize" in node.declaration.parameters]


def measure(graph: str, node: str, settings: list[str]) -> tuple[int, FixedScale]:
    """Run a front end over the training data.

    Args:
        graph: a YAML file or a recipe.
        node: the front end in it.
        settings: changes, as on the command line.

    Returns:
        frames that were heard, and their statistics.

    Raises:
        PhonographError: the graph or the data is at fault.
    """
    features, lengths = PortName(node, "features"), PortName(node, "lengths")
    view = f"views.{VIEW}={{run: [{features}, {lengths}], split: train}}"
    plain = f"modules.{node}.with.normalize=none"
    model = build(load_argument(graph, [*settings, plain, view]))
    split = open_split(model, VIEW)
    model.module.eval()
    statistics = FeatureStatistics()
    for batch in split.evaluation():
        with torch.inference_mode():
            values = split.view(batch)
        statistics.add(values[features], values[lengths])
    return statistics.frames, statistics.scale()


def in_yaml(scale: FixedScale) -> str:
    """Return statistics as they are written in a graph."""
    numbers = (", ".join(f"{value:g}" for value in part) for part in (scale.mean, scale.deviation))
    mean, deviation = numbers
    return f"{{mean: [{mean}], deviation: [{deviation}]}}"


if __name__ == "__main__":
    sys.exit(main())
