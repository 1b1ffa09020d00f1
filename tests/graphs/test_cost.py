from phonograph.graphs.cost import NodeCost, add_up, training_bytes
from phonograph.graphs.spec import PortName
from phonograph.graphs.views import View


def view(core: tuple[str, ...], wires: dict[tuple[str, str], tuple[str, str]]) -> View:
    sources = {PortName(*target): PortName(*source) for target, source in wires.items()}
    outputs = (PortName(core[-1], "y"),)
    return View("train", None, (), outputs, core, (), sources, {}, ())


COSTS = {
    "a": NodeCost(100, 100, 5.0, activations=40, outputs=10, kept=30),
    "b": NodeCost(200, 0, 7.0, activations=20, outputs=5, kept=0),
    "c": NodeCost(0, 0, unknown="it cannot be called"),
}


def test_training_holds_four_numbers_for_a_trained_weight_and_one_for_another():
    assert training_bytes(COSTS.values()) == 100 + 3 * 100 + 30 + 200


def test_outputs_that_are_still_needed_take_room_while_others_are_computed():
    chain = view(("a", "b"), {("b", "x"): ("a", "y")})
    total = add_up(chain, COSTS, str)
    assert total.weights == 300
    assert total.inference == 300 + max(40, 20 + 10)
    assert total.multiply_adds == 12.0
    assert total.left_out == ()


def test_shared_weights_are_paid_for_once_and_what_is_kept_twice():
    chain = view(("a", "b"), {("b", "x"): ("a", "y")})
    costs = {"a": COSTS["a"], "b": COSTS["a"]}
    total = add_up(chain, costs, lambda _: "a")
    assert total.weights == 100
    assert total.training == 100 + 3 * 100 + 2 * 30
    assert total.multiply_adds == 10.0


def test_what_is_not_known_is_named():
    total = add_up(view(("a", "c"), {("c", "x"): ("a", "y")}), COSTS, str)
    assert total.left_out == ("c",)
    assert total.multiply_adds == 5.0


def test_json_leaves_out_what_is_not_known():
    assert COSTS["c"].to_json() == {"weight_bytes": 0, "unknown": "it cannot be called"}
    assert COSTS["a"].to_json() == {
        "multiply_adds_per_second": 5.0,
        "weight_bytes": 100,
        "activation_bytes": 40,
        "training_bytes": 430,
    }
