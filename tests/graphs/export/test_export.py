import json
import subprocess
import sys

import onnx
import pytest
import torch

from phonograph.data.tokenizers import build_tokenizer
from phonograph.errors import GraphError, MissingExtraError
from phonograph.graphs.export import export as exporting
from phonograph.graphs.export.comparison import compare
from phonograph.graphs.export.export import export_view
from phonograph.graphs.export.onnx_file import OnnxRunner
from phonograph.graphs.lock import fingerprint, to_lock


@pytest.fixture(scope="module")
def onnx_file(build_small, tmp_path_factory):
    path = tmp_path_factory.mktemp("exported") / "small.onnx"
    export_view(build_small(), "infer", path)
    return path


@pytest.fixture
def faulty(monkeypatch):
    """Let whatever runs an exported file give something else than the view."""

    def wrong(view, run):
        return compare(view, lambda given: {n: v + 1 for n, v in run(given).items()})

    monkeypatch.setattr(exporting, "compare", wrong)


@pytest.mark.parametrize("ending", [".onnx", ".pt2"])
def test_a_file_gives_what_the_view_gives_at_every_length(small, tmp_path, ending, capfd):
    told: list[str] = []
    path = tmp_path / f"sub/small{ending}"
    report = export_view(small, "infer", path, progress=told.append)
    found = report.comparison.differences
    assert [one.seconds for one in found] == [(0.61,), (1.7,), (4.13,), (2.03, 1.21)]
    assert max(far for one in found for far in one.largest.values()) < 1e-5
    assert report.comparison.tolerance == 1e-4
    assert report.size == path.stat().st_size
    assert list(path.parent.iterdir()) == [path]
    assert told == ["writing the view `infer`", "comparing the file with the view"]
    assert capfd.readouterr() == ("", "")


SHARED = """\
phonograph: 1
name: shared
modules:
  data:
    module: asr.manifest
    with: {sample_rate: 8000, tokenizer: {type: characters, alphabet: "ab "}}
  mel: {module: asr.log_mel, from: data.audio, with: {n_mels: 8}}
  encoder.conv:
    module: asr.conv_encoder
    from: mel.features
    with: {blocks: [{filters: 8, kernel: 3, stride: 2}]}
  encoder.context: {module: asr.recurrent, from: encoder.conv.encoded, with: {d_model: 8}}
  again.context: {use: encoder.context, from: encoder.context.encoded}
  head: {module: asr.ctc_head, from: again.context.encoded}
  loss: {module: asr.ctc_loss, from: {log_probs: head.log_probs, targets: data.tokens}}
views:
  infer: {feed: [data.audio], run: [head.log_probs]}
"""


@pytest.mark.parametrize("ending", [".onnx", ".pt2"])
def test_nodes_in_groups_that_share_weights_are_exported(build_small, tmp_path, ending):
    model = build_small(SHARED)
    report = export_view(model, "infer", tmp_path / f"shared{ending}")
    found = report.comparison.differences
    assert max(far for one in found for far in one.largest.values()) < 1e-5
    assert "again" not in dict(model.module.named_children())


def test_a_server_finds_all_it_needs_in_the_file(small, onnx_file):
    model = onnx.load(onnx_file)
    notes = {entry.key: entry.value for entry in model.metadata_props}
    assert notes["phonograph.fingerprint"] == fingerprint(to_lock(small.graph))
    assert notes["phonograph.sample_rate"] == "8000"
    assert notes["phonograph.frame_period"] == "0.02"
    assert notes["phonograph.blank"] == "3"
    tokenizer = build_tokenizer(json.loads(notes["phonograph.vocabulary"])["tokenizer"])
    assert tokenizer.decode([1, 0, 2, 0]) == "ba a"
    sizes = {
        value.name: [dim.dim_param or dim.dim_value for dim in value.type.tensor_type.shape.dim]
        for value in (*model.graph.input, *model.graph.output)
    }
    assert sizes == {
        "audio": ["B", "S"],
        "audio_lengths": ["B"],
        "log_probs": ["B", "T", 4],
        "lengths": ["B"],
    }


def test_onnx_has_layers_where_a_trace_would_have_steps(onnx_file):
    operators = [node.op_type for node in onnx.load(onnx_file).graph.node]
    assert operators.count("LSTM") == 2
    assert "Loop" not in operators
    assert "DFT" not in operators


def test_a_pt2_file_runs_without_phonograph(small, tmp_path):
    small.module.train()
    export_view(small, "infer", tmp_path / "small.pt2")
    assert not small.module.training
    code = (
        "import sys, torch\n"
        "run = torch.export.load(sys.argv[1]).module()\n"
        "given = dict(audio=torch.zeros(3, 4000), audio_lengths=torch.tensor([4000, 90, 1]))\n"
        "print(list(run(**given)['lengths']), 'phonograph' in sys.modules)\n"
    )
    command = [sys.executable, "-W", "ignore", "-c", code, str(tmp_path / "small.pt2")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout == "[tensor(26), tensor(1), tensor(1)] False\n"


def test_a_file_that_does_not_agree_is_not_kept_and_nothing_old_is_lost(small, tmp_path, faulty):
    path = tmp_path / "small.pt2"
    path.write_text("older")
    with pytest.raises(GraphError, match="does not agree with the view") as raised:
        export_view(small, "infer", path)
    assert raised.value.diagnostics[0].causes[0] == "0.61 s: log_probs by 1, lengths by inf"
    assert path.read_text() == "older"
    assert list(tmp_path.iterdir()) == [path]


def test_an_operator_of_ours_alone_is_refused_with_its_node(small, tmp_path):
    with pytest.raises(GraphError) as raised:
        export_view(small, "train", tmp_path / "small.pt2")
    message = "`loss` cannot be exported: only phonograph has the operator phonograph::ctc_forward"
    assert message in [fault.message for fault in raised.value.diagnostics]
    assert list(tmp_path.iterdir()) == []


def test_what_pytorch_cannot_trace_is_refused_with_its_reason(small, tmp_path, monkeypatch):
    def peeking(encoded):
        return encoded[:, : int(encoded.argmax())]

    monkeypatch.setattr(small.module.head, "forward", peeking)
    with pytest.raises(GraphError) as raised:
        export_view(small, "infer", tmp_path / "small.pt2")
    (fault,) = raised.value.diagnostics
    assert fault.message == "the view `infer` cannot be exported"
    assert fault.causes[0].startswith("Could not ")
    assert list(tmp_path.iterdir()) == []


def test_weights_beyond_what_one_file_holds_are_refused(small, tmp_path, monkeypatch):
    monkeypatch.setattr("phonograph.graphs.export.onnx_file.LARGEST", 100)
    with pytest.raises(GraphError, match=r"one ONNX file holds 2\.1 GB at most"):
        export_view(small, "infer", tmp_path / "small.onnx")


def test_a_missing_package_is_told_with_how_to_get_it(small, tmp_path, monkeypatch):
    monkeypatch.setattr(exporting, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError) as raised:
        export_view(small, "infer", tmp_path / "small.onnx")
    assert raised.value.diagnostics[0].help == 'pip install "phonograph[export]"'
    assert list(tmp_path.iterdir()) == []


def test_another_ending_is_refused(small, tmp_path):
    with pytest.raises(ValueError, match=r"`path` must end in \.onnx or \.pt2, not `\.tflite`"):
        export_view(small, "infer", tmp_path / "small.tflite")


def test_a_padded_batch_of_the_file_is_its_single_utterances(onnx_file):
    run = OnnxRunner(onnx_file)
    audio = 0.1 * torch.randn(3, 9000)
    lengths = torch.tensor([9000, 5000, 81])
    both = run({"audio": audio, "audio_lengths": lengths})
    for row, samples in enumerate(lengths.tolist()):
        alone = run(
            {
                "audio": audio[row : row + 1, :samples].contiguous(),
                "audio_lengths": lengths[row : row + 1],
            }
        )
        frames = int(alone["lengths"][0])
        assert frames == int(both["lengths"][row])
        torch.testing.assert_close(
            alone["log_probs"][0, :frames], both["log_probs"][row, :frames], atol=1e-5, rtol=0
        )
