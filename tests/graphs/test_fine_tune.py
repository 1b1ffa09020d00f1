import pytest
import torch
from torch import nn

from phonograph import collections as somewhere
from phonograph.errors import GraphError
from phonograph.graphs.bundle import save_bundle
from phonograph.graphs.check import load_graph
from phonograph.graphs.fine_tune import start_from
from phonograph.graphs.model import build
from phonograph.types.kinds import Audio
from phonograph.types.ports import ports
from phonograph.types.registry import Registry, register

OTHER_LETTERS = 'modules.data.with.tokenizer={type: characters, alphabet: "abc "}'


@pytest.fixture
def checkpoint(tiny, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    graph = tiny()
    model = build(graph)
    path = tmp_path / "start.phono"
    save_bundle(path, graph, model.module.state_dict(), {})
    return model


def faults_of(model, registry):
    with pytest.raises(GraphError) as caught:
        start_from(model, registry)
    return caught.value.diagnostics


def test_weights_are_reused_and_frozen_and_the_head_starts_anew(checkpoint, tiny, registry):
    init = "init={from: start.phono, exclude: [head], freeze: [encoder]}"
    model = build(tiny(OTHER_LETTERS, init))
    lines = start_from(model, registry)
    encoder, head = model.modules["encoder"], model.modules["head"]
    for name, weight in checkpoint.modules["encoder"].state_dict().items():
        assert torch.equal(encoder.state_dict()[name], weight)
    assert not any(weight.requires_grad for weight in encoder.parameters())
    assert all(weight.requires_grad for weight in head.parameters())
    assert lines[0].startswith("reused: encoder (")
    assert lines[1] == "starts anew (excluded): head (2 tensors)"
    assert lines[2].startswith("frozen: encoder (")


def test_a_weight_of_another_size_is_an_error_that_says_how_to_leave_it_out(
    checkpoint, tiny, registry
):
    model = build(tiny(OTHER_LETTERS, "init={from: start.phono}"))
    [fault] = faults_of(model, registry)
    assert fault.message == "`head.linear.weight` is [5, 8] here and [4, 8] in the checkpoint"
    assert fault.causes == ("one more weight does not fit",)
    assert fault.help == "start it anew: init: {…, exclude: [head]}"


def test_another_front_end_than_in_training_is_an_error(checkpoint, tiny, registry):
    model = build(tiny("modules.mel.with.hop=0.02", "init={from: start.phono}"))
    [fault] = faults_of(model, registry)
    assert fault.code == "PG053"
    assert fault.message == "`mel` differs from what the checkpoint was trained with"
    assert fault.causes == ("`hop` was 0.01, is 0.02",)
    assert fault.help == "set hop: 0.01"


def test_a_checkpoint_left_open_is_an_error(tiny, registry):
    [fault] = faults_of(build(tiny("init.from=???")), registry)
    assert fault.message == "`init.from` is left open"


def test_a_checkpoint_that_is_not_there_is_an_error_at_its_line(tiny, tmp_path, registry):
    [fault] = faults_of(build(tiny(f"init.from={tmp_path}/none.phono")), registry)
    assert fault.message == f"there is no checkpoint `{tmp_path}/none.phono`"
    assert str(fault.place) == f"command line: init.from={tmp_path}/none.phono"


def test_letters_in_another_order_do_not_reuse_a_head(checkpoint, tiny, registry):
    other = 'modules.data.with.tokenizer={type: characters, alphabet: "ba "}'
    [fault] = faults_of(build(tiny(other, "init={from: start.phono}")), registry)
    assert fault.code == "PG054"
    assert fault.message == "`head` was trained with another vocabulary"
    assert fault.causes == ('it was "ab ", it is "ba "',)
    assert fault.help == "start it anew: init: {…, exclude: [head]}"


def test_a_front_end_of_another_name_is_compared_all_the_same(checkpoint, tiny, registry):
    renamed = (
        "modules.mel=null",
        "modules.front={module: asr.log_mel, from: data.audio, with: {n_mels: 8, window: 0.04}}",
        "modules.augment.from=front.features",
    )
    [fault] = faults_of(build(tiny(*renamed, "init={from: start.phono}")), registry)
    assert fault.message == "`front` differs from what the checkpoint was trained with"
    assert fault.causes == ("`window` was 0.025, is 0.04",)


def test_what_stands_where_the_data_layer_stood_is_an_error(
    checkpoint, tiny, tmp_path, monkeypatch, registry
):
    class Louder(nn.Module):
        """Louder."""

        @ports(audio=Audio("B S", rate="sample_rate"), out={"audio": Audio("B S")})
        def forward(self, audio): ...

        def __init__(self, sample_rate: int) -> None:
            super().__init__()

    monkeypatch.setattr(somewhere, "Louder", register("x.louder", version=1)(Louder), raising=False)
    known = Registry({**registry.table, "x.louder": f"{somewhere.__name__}:Louder"})
    overrides = (
        "modules.louder={module: x.louder, from: data.audio}",
        "modules.mel.from={audio: louder.audio, lengths: data.audio_lengths}",
        "init={from: start.phono}",
    )
    model = build(load_graph(tmp_path / "tiny.yaml", overrides, known))
    [fault] = faults_of(model, known)
    assert fault.message == "`louder` stands where the checkpoint has `data`"
    assert fault.causes == ("`data` is asr.manifest, `louder` x.louder",)


def test_augmentation_in_every_view_is_looked_through(checkpoint, tiny, registry):
    start_from(build(tiny("modules.augment.only=null", "init={from: start.phono}")), registry)


def test_another_sample_rate_than_in_training_is_an_error(checkpoint, tiny, registry):
    narrow = "modules.data.with.sample_rate=8000"
    [fault] = faults_of(build(tiny(narrow, "init={from: start.phono}")), registry)
    assert fault.message == "`mel` differs from what the checkpoint was trained with"
    assert fault.causes == ("`sample_rate` was 16000, is 8000",)


def test_settings_that_change_no_shape_are_told(checkpoint, tiny, registry):
    model = build(
        tiny(
            "modules.encoder.with.block={heads: 2, kernel: 3, dropout: 0.3}",
            "init={from: start.phono}",
        )
    )
    told = start_from(model, registry)[-1]
    assert told.startswith("not as in the checkpoint: encoder (`block` was {")


def test_an_include_that_takes_nothing_is_an_error(checkpoint, tiny, registry):
    more = "modules.head2={module: asr.ctc_head, from: encoder.encoded, with: {vocab: 2}}"
    model = build(
        tiny(more, "init={from: start.phono, include: [encoder, head2], freeze: [head2]}")
    )
    assert [fault.message for fault in faults_of(model, registry)] == [
        "`head2` takes no weight from the checkpoint"
    ]


def test_without_init_nothing_happens(tiny, registry):
    assert start_from(build(tiny()), registry) == []


STORED = (
    "modules.mel.module=asr.stored_log_mel",
    "modules.augment=null",
    "modules.encoder.from=mel.features",
)


@pytest.fixture
def stored(tiny, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    graph = tiny(*STORED)
    save_bundle(tmp_path / "start.phono", graph, build(graph).module.state_dict(), {})


def test_a_front_end_of_the_checkpoint_must_come_along(stored, tiny, registry):
    model = build(tiny(*STORED, "init={from: start.phono, include: [encoder]}"))
    [fault] = faults_of(model, registry)
    assert fault.message == "`mel` would start anew, and what is reused was trained behind it"
    assert fault.help == "take it along: leave `mel` out of `exclude`, or name it in `include`"


def test_another_setting_of_a_front_end_that_comes_along_is_an_error(stored, tiny, registry):
    half = "modules.mel.with.precision=half"
    [fault] = faults_of(build(tiny(*STORED, half, "init={from: start.phono}")), registry)
    assert fault.causes == ("`precision` was float32, is half",)
