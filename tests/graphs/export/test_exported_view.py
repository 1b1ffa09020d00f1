import pytest
import torch

from phonograph.errors import GraphError
from phonograph.graphs.export.examples import example
from phonograph.graphs.export.exported_view import exported_view

TRANSDUCER = """\
phonograph: 1
name: transducer
modules:
  data:
    module: asr.manifest
    with: {sample_rate: 8000, tokenizer: {type: characters, alphabet: "ab "}}
  mel: {module: asr.log_mel, from: data.audio, with: {n_mels: 8}}
  encoder: {module: asr.conv_encoder, from: mel.features, with: {blocks: [{filters: 6, kernel: 3}]}}
  predictor: {module: asr.predictor, from: data.tokens, with: {d_model: 8}}
  joint:
    module: asr.joint
    from: {encoded: encoder.encoded, predicted: predictor.predicted}
    with: {d_model: 8}
  text:
    module: asr.transducer_greedy
    from: {encoded: encoder.encoded, predictor: predictor.network, joint: joint.network}
views:
  infer: {feed: [data.audio], run: [text.text]}
"""


def test_what_the_host_tail_needs_comes_out_by_the_names_of_its_ports(small):
    view = exported_view(small, "infer")
    assert [str(port) for port in view.inputs] == ["audio [B, S]", "audio_lengths [B]"]
    assert [str(port) for port in view.outputs] == ["log_probs [B, T, 4]", "lengths [B]"]
    assert str(view.extents["T"]) == "ceil((floor(S/80)+1)/2)"


def test_lengths_come_along_though_the_view_does_not_ask_for_them(small):
    view = exported_view(small, "encode")
    assert [port.name for port in view.outputs] == ["encoded", "lengths"]
    assert view.outputs[1].counts == "T"


def test_ports_of_one_name_are_told_apart_by_their_nodes(small):
    view = exported_view(small, "features")
    assert [port.name for port in view.inputs] == ["features", "lengths"]
    assert [port.name for port in view.outputs] == ["log_probs", "encoder_lengths"]


def test_the_module_gives_what_the_core_of_the_view_gives(small):
    view, compiled = exported_view(small, "infer"), small.view("infer")
    given = example(view, (0.4, 0.3))
    found = view.module(*given.values())
    by_port = {port.port: given[port.name] for port in view.inputs}
    results = compiled.core(*(by_port[port] for port in compiled.core_inputs))
    expected = dict(zip(compiled.core_outputs, results, strict=True))
    assert list(found) == ["log_probs", "lengths"]
    for port in view.outputs:
        assert torch.equal(found[port.name], expected[port.port])


def test_a_module_that_says_why_it_cannot_be_exported_is_named(small, monkeypatch):
    cls = type(small.module.encoder)
    monkeypatch.setattr(cls, "exports", "it looks at the values", raising=False)
    with pytest.raises(GraphError) as raised:
        exported_view(small, "infer")
    assert str(raised.value) == (
        "error[PE001]: `encoder` (asr.conv_encoder) cannot be exported: it looks at the values\n"
        "  --> small.yaml:8:3\n"
        "   |\n"
        " 8 |   encoder:\n"
        "   |   ^^^^^^^\n"
        "   = help: --view NAME and --run PORT choose what is exported"
    )


def test_a_decoder_that_calls_networks_is_refused_with_what_can_be_exported(build_small):
    with pytest.raises(GraphError) as raised:
        exported_view(build_small(TRANSDUCER), "infer")
    (fault,) = raised.value.diagnostics
    assert fault.message == (
        "the view `infer` cannot be exported: `text` calls `predictor` and `joint` step by step, "
        "and an exported file is run once for all steps"
    )
    assert fault.help == "what comes before it can be exported: --run encoder.encoded"


def test_ports_before_such_a_decoder_can_be_asked_for(build_small):
    view = exported_view(build_small(TRANSDUCER), "infer", ["encoder.encoded"])
    assert [str(port) for port in view.outputs] == ["encoded [B, 6, T]", "lengths [B]"]


def test_a_port_that_is_not_there_is_told_with_those_that_are(small):
    with pytest.raises(GraphError, match=r"did you mean `encoder\.encoded`"):
        exported_view(small, "infer", ["encoder.encode"])
    with pytest.raises(GraphError, match="the graph has no output `nobody`"):
        exported_view(small, "infer", ["nobody"])


def test_a_view_of_text_alone_has_nothing_to_export(small):
    with pytest.raises(GraphError, match="the view `words` gives no tensors"):
        exported_view(small, "words")


def test_lengths_from_elsewhere_are_not_what_is_advised(build_small):
    further = "  context: {module: asr.recurrent, from: encoder.encoded, with: {d_model: 4}}\n"
    text = TRANSDUCER.replace("  predictor:", f"{further}  predictor:")
    text = text.replace("{encoded: encoder.encoded,", "{encoded: context.encoded,")
    with pytest.raises(GraphError) as raised:
        exported_view(build_small(text), "infer")
    help = "what comes before it can be exported: --run context.encoded"
    assert [fault.help for fault in raised.value.diagnostics] == [help]
