from __future__ import annotations

import pytest

from phonograph.graphs.list_ports import trail_to
from phonograph.graphs.spec import NodeSpec, PortName

OUTPUT = PortName("a", "encoded")


@pytest.mark.parametrize(
    ("key", "port", "trail"),
    [
        (".1", "inputs.1", ("from", 1)),
        ("inputs.1", "inputs.1", ("from", "inputs", 1)),
        ("features", "features", ("from", "features")),
        (None, "features", ("from",)),
    ],
)
def test_the_source_of_a_port_is_found_however_it_was_written(key, port, trail):
    node = NodeSpec("all", "combine.sum", {key: OUTPUT}, {})
    assert trail_to(node, port) == trail
