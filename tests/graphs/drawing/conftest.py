"""Descriptions of random graphs, of any form, and of the graph of sixty modules."""

import random
import runpy
from collections.abc import Callable
from pathlib import Path

import pytest

from phonograph.collections import default_registry
from phonograph.graphs.check import load_graph
from phonograph.graphs.describe import describe
from phonograph.graphs.description import Description, NodeRow, PortRow, WireRow
from phonograph.graphs.model import Model, sketch
from phonograph.graphs.node_costs import estimate_costs
from phonograph.graphs.spec import PortName

KINDS = ("Mel", "Encoded", "LogProbs", "Loss", "Text")


@pytest.fixture
def describe_at_random() -> Callable[[int], Description]:
    """Describe a graph that a seed decides: up to 25 nodes, wires from earlier to later ones."""
    return _random_description


def _random_description(seed: int) -> Description:
    chance = random.Random(seed)
    count = chance.randint(1, 25)
    outputs = {n: [f"out_{k}" for k in range(chance.randint(1, 4))] for n in range(count)}
    wires: list[WireRow] = []
    inputs: dict[int, list[str]] = {n: [] for n in range(count)}
    for target in range(1, count):
        for number in range(chance.randint(0, 3)):
            source = chance.randrange(max(0, target - 12), target)
            port = chance.choice(outputs[source])
            inputs[target].append(f"in_{number}")
            start = PortName(f"node_{source}", port)
            end = PortName(f"node_{target}", f"in_{number}")
            wires.append(WireRow(start, end, chance.random() < 0.2, "Mel B x 80 x T"))
    nodes = [_node(chance, n, inputs[n], outputs[n]) for n in range(count)]
    return Description("any", tuple(nodes), tuple(wires), (), (), ())


def _node(chance: random.Random, number: int, inputs: list[str], outputs: list[str]) -> NodeRow:
    def port(name: str) -> PortRow:
        period = chance.choice([None, 10.0])
        return PortRow(name, chance.choice(KINDS), ("B", 80, "T"), None, period, None, "", "")

    return NodeRow(
        name=f"node_{number}",
        module="any." + "m" * chance.randint(1, 40),
        version=1,
        arguments={},
        parameters=chance.choice([0, 10**7]),
        frozen=False,
        cached=chance.random() < 0.2,
        host=chance.random() < 0.2,
        only=chance.choice([None, None, "train"]),
        inputs=tuple(map(port, inputs)),
        outputs=tuple(map(port, outputs)),
        loss=chance.random() < 0.2,
    )


@pytest.fixture(scope="session")
def sixty(tmp_path_factory: pytest.TempPathFactory) -> Model:
    """The graph of sixty modules, as shapes."""
    script = runpy.run_path(str(Path(__file__).with_name("sixty_modules.py")))
    path = tmp_path_factory.mktemp("sixty") / "sixty.yaml"
    path.write_text(script["sixty_modules"](), encoding="utf-8")
    return sketch(load_graph(path, [], default_registry()))


@pytest.fixture(scope="session")
def described(sixty: Model) -> Description:
    return describe(sixty, None, estimate_costs(sixty))
