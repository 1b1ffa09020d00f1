from phonograph.graphs.check import check_graph
from phonograph.graphs.model import build
from phonograph.graphs.weight_names import frozen_nodes, matches


def test_a_name_chooses_itself_and_what_it_holds():
    assert matches("encoder.layers.0", "encoder.layers.0.norm.weight")
    assert not matches("encoder.layers.1", "encoder.layers.10.norm.weight")
    assert matches("*.bias", "head.linear.bias")


def test_a_node_is_frozen_when_all_of_its_weights_are(tiny):
    assert frozen_nodes(build(tiny("init={from: x, freeze: [encoder]}"))) == {"encoder"}
    assert frozen_nodes(build(tiny("init={from: x, freeze: [encoder.layers]}"))) == set()


def test_a_pattern_that_chooses_nothing_is_an_error(tiny, tmp_path, registry):
    tiny()
    overrides = ["init={from: x.phono, exclude: [haed], freeze: [encoder]}"]
    checked = check_graph(tmp_path / "tiny.yaml", overrides, registry)
    [fault] = checked.faults
    assert fault.code == "PG051"
    assert fault.message == "`haed` names no weight of this graph"
    assert fault.help == "did you mean `head`?"
