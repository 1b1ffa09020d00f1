"""A stream: block after block a file gives what the view gives for the whole utterance."""

import json

import onnx
import pytest
import torch

from phonograph.collections import default_registry
from phonograph.collections.recipes import SCHEME, locate
from phonograph.errors import GraphError
from phonograph.graphs.check import load_graph
from phonograph.graphs.export.export import export_view
from phonograph.graphs.export.stream_comparison import compare_stream, heard
from phonograph.graphs.export.streaming import stream_view, streaming_faults
from phonograph.graphs.model import sketch

LIVE = """\
phonograph: 1
name: live
modules:
  data:
    module: asr.manifest
    with: {sample_rate: 8000, tokenizer: {type: characters, alphabet: "ab "}}
  mel: {module: asr.log_mel, from: data.audio, with: {n_mels: 8, normalize: none}}
  encoder:
    module: asr.conformer
    from: mel.features
    with:
      d_model: 8
      layers: 2
      stride: 4
      subsampling: {kind: dw_conv2d, channels: 4, causal: true}
      block: {heads: 2, kernel: 3, norm: layer}
      context: {left: 4, right: 1, style: chunked, conv_right: 0}
  head: {module: asr.ctc_head, from: encoder.encoded}
  loss: {module: asr.ctc_loss, from: {log_probs: head.log_probs, targets: data.tokens}}
  text: {module: asr.ctc_greedy, from: head.log_probs}
views:
  infer: {feed: [data.audio], run: [text.text]}
  both: {feed: [data.audio], run: [mel.features, head.log_probs]}
  further: {feed: [mel.features], run: [head.log_probs]}
"""
CHUNKED = "context: {left: 4, right: 1, style: chunked, conv_right: 0}"

ONLINE = """\
phonograph: 1
name: online
modules:
  data:
    module: asr.manifest
    with: {sample_rate: 8000, tokenizer: {type: characters, alphabet: "ab "}}
  spectrum:
    module: asr.log_spectrogram
    from: data.audio
    with: {bins: 81, normalize: none}
  encoder:
    module: asr.conv_recurrent
    from: spectrum.features
    with:
      convs:
        - {filters: 3, kernel: [11, 5], stride: [2, 2]}
        - {filters: 2, kernel: [5, 5], stride: [2, 1]}
      d_model: 6
      layers: 2
      recurrence: {cell: lstm, bidirectional: false, norm: batch}
  ahead: {module: asr.row_conv, from: encoder.encoded, with: {ahead: 3}}
  more:
    module: asr.recurrent
    from: ahead.encoded
    with: {d_model: 5, cell: gru, bidirectional: false}
  head: {module: asr.ctc_head, from: more.encoded}
  loss: {module: asr.ctc_loss, from: {log_probs: head.log_probs, targets: data.tokens}}
  text: {module: asr.ctc_greedy, from: head.log_probs}
views:
  infer: {feed: [data.audio], run: [text.text]}
"""


@pytest.fixture
def live(build_small):
    return build_small(LIVE)


def faults_of(model, view="infer"):
    with pytest.raises(GraphError) as raised:
        stream_view(model, view)
    return [str(fault.message) for fault in raised.value.diagnostics]


@pytest.mark.parametrize("name", ["infer", "further"])
def test_block_after_block_gives_what_the_whole_utterance_gives(live, name):
    view = stream_view(live, name)
    comparison = compare_stream(view, lambda given: view.step.module(**given))
    assert comparison.wrong == []
    assert [one.seconds for one in comparison.differences] == [
        (0.61,),
        (1.7,),
        (4.13,),
        (2.03, 1.21),
    ]


def test_a_block_is_the_audio_of_one_chunk(live):
    view = stream_view(live, "infer")
    assert view.block == 2 * 4 * 80
    taken = [str(port) for port in view.step.inputs]
    assert taken[:2] == ["audio [B, 640]", "audio_lengths [B]"]
    told = [str(port) for port in view.step.outputs if port.name not in view.state_names]
    assert told == ["log_probs [B, 2, 4]", "valid [B, 2]"]


def test_states_keep_their_sizes(live):
    view = stream_view(live, "infer")
    given = view.example()
    results = view.step.module(*given.values())
    for name in view.start:
        assert results[f"next_{name}"].shape == given[name].shape
        assert results[f"next_{name}"].dtype == given[name].dtype


def test_other_right_context_comes_out_later_but_is_the_same(build_small):
    regular = "context: {left: 3, right: 2, conv_right: 1}"
    view = stream_view(build_small(LIVE.replace(CHUNKED, regular)), "infer")
    assert compare_stream(view, lambda given: view.step.module(**given)).wrong == []


def test_a_wrong_state_does_not_agree(live):
    view = stream_view(live, "infer")

    def forgetful(given):
        results = view.step.module(**given)
        return {n: torch.zeros_like(v) if "heard" in n else v for n, v in results.items()}

    assert len(compare_stream(view, forgetful).wrong) == 4


@pytest.mark.parametrize("ending", [".onnx", ".pt2"])
def test_a_file_runs_the_stream(live, tmp_path, ending):
    path = tmp_path / f"live{ending}"
    report = export_view(live, "infer", path, streaming=True)
    assert max(far for one in report.comparison.differences for far in one.largest.values()) < 1e-5
    assert report.inputs == ("audio [B, 640]", "audio_lengths [B]")
    assert report.outputs == ("log_probs [B, 2, 4]", "valid [B, 2]")
    assert list(tmp_path.iterdir()) == [path]


def test_recurrent_layers_stream_behind_convolutions(build_small):
    view = stream_view(build_small(ONLINE), "infer")
    assert view.block == 2 * 80
    assert compare_stream(view, lambda given: view.step.module(**given)).wrong == []


@pytest.mark.parametrize(
    "part", ["encoder_kept_convs_0", "encoder_kept_stack_1", "ahead_kept", "more_kept_0"]
)
def test_every_state_of_recurrent_layers_and_filters_is_needed(build_small, part):
    view = stream_view(build_small(ONLINE), "infer")

    def forgetful(given):
        results = view.step.module(**given)
        return {n: torch.zeros_like(v) if n == f"next_{part}" else v for n, v in results.items()}

    assert len(compare_stream(view, forgetful).wrong) == 4


def test_several_steps_of_a_recurrent_layer_may_come_at_a_time(build_small):
    text = LIVE.replace(
        "  head: {module: asr.ctc_head, from: encoder.encoded}",
        "  more: {module: asr.recurrent, from: encoder.encoded, with: {bidirectional: false}}\n"
        "  head: {module: asr.ctc_head, from: more.encoded}",
    )
    view = stream_view(build_small(text), "infer")
    assert view.block == 2 * 4 * 80
    assert compare_stream(view, lambda given: view.step.module(**given)).wrong == []


@pytest.mark.parametrize("ending", [".onnx", ".pt2"])
def test_a_file_runs_the_stream_of_recurrent_layers(build_small, tmp_path, ending):
    report = export_view(build_small(ONLINE), "infer", tmp_path / f"a{ending}", streaming=True)
    assert max(far for one in report.comparison.differences for far in one.largest.values()) < 1e-5
    assert report.inputs == ("audio [B, 160]", "audio_lengths [B]")


def test_a_file_tells_how_its_stream_is_run(live, tmp_path):
    path = tmp_path / "live.onnx"
    report = export_view(live, "infer", path, streaming=True)
    model = onnx.load(path)
    notes = {entry.key: entry.value for entry in model.metadata_props}
    stream = json.loads(notes["phonograph.stream"])
    assert stream["block"] == 640
    assert stream["blocks_after_end"] == stream_view(live, "infer").blocks_after_end
    names = [value.name for value in model.graph.input]
    assert len(names) == 2 + report.states
    assert set(stream["start"]) <= set(names)
    assert stream["start"]["encoder_end"] > 10**9
    batch = [value.type.tensor_type.shape.dim[0].dim_param for value in model.graph.input]
    assert set(batch) == {"B"}


def test_utterances_of_a_batch_may_end_at_different_times(live):
    view = stream_view(live, "infer")
    audio = 0.1 * torch.randn(3, 3000)
    given = {"audio": audio, "audio_lengths": torch.tensor([3000, 1, 1281])}
    with torch.no_grad():
        whole = view.whole.module(**given)
        streamed = heard(view, lambda block: view.step.module(**block), given)
    assert [len(row["log_probs"]) for row in streamed] == whole["lengths"].tolist()
    for row, found in enumerate(streamed):
        expected = whole["log_probs"][row, : len(found["log_probs"])]
        torch.testing.assert_close(found["log_probs"], expected, atol=1e-5, rtol=1e-5)


def test_all_that_hears_whole_utterances_is_told_at_once(build_small):
    text = LIVE.replace(", normalize: none", "").replace(f"\n      {CHUNKED}", "")
    assert faults_of(build_small(text)) == [
        "`mel` (asr.log_mel) cannot stream: `normalize` per_feature hears the whole utterance",
        "`encoder` (asr.conformer) cannot stream: attention sees the whole utterance: "
        "`context.right` is not given",
    ]


def test_both_directions_are_told(small):
    assert faults_of(small) == [
        "`mel` (asr.log_mel) cannot stream: `normalize` per_feature hears the whole utterance",
        "`context` (asr.recurrent) cannot stream: `bidirectional` reads utterances from their ends",
    ]


def test_a_module_without_steps_is_told(build_small):
    text = LIVE.replace("asr.log_mel", "asr.stored_log_mel").replace(", normalize: none", "")
    assert faults_of(build_small(text)) == [
        "`mel` (asr.stored_log_mel) cannot stream: it has no `step_blocks`"
    ]


@pytest.mark.parametrize("recipe", ["deep-speech-2-online", "wav2letter-wave"])
def test_recipes_of_limited_context_stream(recipe):
    path, shown = locate(f"{SCHEME}asr/{recipe}")
    model = sketch(load_graph(path, [], default_registry(), name=shown))
    assert streaming_faults(model, model.plan("infer")) == []


def test_a_state_that_grows_is_told(build_small):
    endless = LIVE.replace("left: 4, right: 1", "right: 1")
    assert faults_of(build_small(endless)) == [
        "`encoder` cannot stream: it keeps ever more of what it heard"
    ]


def test_what_comes_before_the_last_state_cannot_be_asked_for_as_well(live):
    assert faults_of(live, "both") == [
        "`mel.features` cannot stream together with what comes after `encoder`"
    ]


def test_a_view_without_state_is_told(build_small):
    text = LIVE.replace(
        "views:", "views:\n  head: {feed: [encoder.encoded], run: [head.log_probs]}"
    )
    assert faults_of(build_small(text), "head") == [
        "the view `head` has no module with a state that a stream could carry on"
    ]
