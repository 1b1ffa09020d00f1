import pytest
import torch

from phonograph.graphs.model import Model, build
from phonograph.graphs.spec import PortName


@pytest.fixture
def model(tiny) -> Model:
    built = build(tiny())
    built.module.eval()
    return built


def given(model: Model, view: str) -> dict[PortName, object]:
    layer = model.modules["data"]
    dataset = layer.dataset("train")
    batch = layer.collate([dataset[index] for index in range(3)])
    return {port: batch[port.port] for port in model.view(view).view.inputs}


def test_a_view_gives_what_the_modules_give_by_hand(model):
    values = given(model, "validate")
    result = model.view("validate")(values)
    m = model.modules
    batch = {port.port: value for port, value in values.items()}
    features, lengths = m["mel"](batch["audio"], batch["audio_lengths"])
    encoded, frames = m["encoder"](features, lengths)
    log_probs = m["head"](encoded)
    loss, _ = m["loss"](log_probs, frames, batch["tokens"], batch["token_lengths"])
    text, _ = m["text"](log_probs, frames)
    assert torch.equal(result[PortName("loss", "loss")], loss)
    assert result[PortName("text", "text")] == text


def test_the_core_calls_each_module_once_and_nothing_else(model):
    nodes = model.view("train").core.graph.nodes
    called = [node.target for node in nodes if node.op == "call_module"]
    assert called == ["mel", "augment", "encoder", "head", "loss"]
    others = {node.op for node in nodes} - {"call_module"}
    assert others <= {"placeholder", "call_function", "output"}


def test_views_share_weights_with_the_owner(model):
    core = model.view("infer").core
    assert core.encoder is model.module.encoder
    assert set(model.module.state_dict()) == {
        f"{name}.{key}"
        for name in ("mel", "augment", "encoder", "head", "loss", "text")
        for key in getattr(model.module, name).state_dict()
    }


def test_compiling_a_view_adds_no_key_to_the_state_dict(model):
    before = list(model.module.state_dict())
    for view in ("train", "validate", "infer"):
        model.view(view)
    assert list(model.module.state_dict()) == before


def test_text_modules_and_what_follows_them_form_the_tail(model):
    assert model.view("validate").view.tail == ("text",)
    assert "text" not in model.view("validate").view.core


def test_a_node_for_training_only_is_looked_through_elsewhere(model):
    assert "augment" in model.view("train").view.core
    view = model.view("infer").view
    assert "augment" not in view.core
    assert view.sources[PortName("encoder", "features")] == PortName("mel", "features")


def test_lengths_come_along_with_what_is_fed(model):
    assert set(model.view("infer").view.inputs) == {
        PortName("data", "audio"),
        PortName("data", "audio_lengths"),
    }


def test_a_traceback_names_the_file_of_the_failing_module(model):
    values = given(model, "train")
    values[PortName("data", "audio")] = torch.zeros(3)
    with pytest.raises(Exception) as caught:  # noqa: PT011 - whatever torch raises
        model.view("train")(values)
    files = [str(entry.path) for entry in caught.traceback]
    assert any(file.endswith(("log_mel.py", "short_time.py")) for file in files)


def test_nodes_in_groups_stand_inside_of_each_other(check_files):
    graph = check_files(
        {
            "top.yaml": """\
phonograph: 1
modules:
  data: {module: toy.frames, with: {width: 4}}
  a.b.one: {module: toy.dense, from: data.frames, with: {width: 3}}
  a.b.two: {module: toy.dense, from: a.b.one.frames, with: {width: 4}}
  a.c: {module: toy.total, from: [data.frames, a.b.two.frames]}
  a.d: {use: a.b.one, from: a.c.frames}
views:
  infer: {feed: [data.frames], run: [a.d.frames, a.c.frames]}
"""
        }
    ).graph
    model = build(graph)
    assert list(dict(model.module.named_children())) == ["a"]
    assert [name for name in model.module.state_dict() if name.endswith("weight")] == [
        "a.b.one.linear.weight",
        "a.b.two.linear.weight",
    ]
    view = model.view("infer")
    called = [node.target for node in view.core.graph.nodes if node.op == "call_module"]
    assert called == ["a.b.one", "a.b.two", "a.c", "a.d"]
    frames, m = torch.randn(2, 4, 3), model.modules
    found = view({PortName("data", "frames"): frames})
    total = m["a.c"]([frames, m["a.b.two"](m["a.b.one"](frames))])
    assert torch.equal(found[PortName("a.c", "frames")], total)
    assert torch.equal(found[PortName("a.d", "frames")], m["a.b.one"](total))


def test_a_view_of_a_user_only_holds_its_module_once(check_files):
    text = """\
phonograph: 1
modules:
  data: {module: toy.frames, with: {width: 4}}
  a: {module: toy.square, from: data.frames}
  b: {use: a, from: a.frames}
  c: {use: a, from: b.frames}
views:
  infer: {feed: [a.frames], run: [c.frames]}
"""
    model = build(check_files({"top.yaml": text}).graph)
    core = model.view("infer").core
    assert core.b is core.c is model.module.a
    assert len(list(core.parameters())) == 2
