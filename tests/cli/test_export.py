import importlib.util
import json
import re

import pytest

from phonograph.collections import default_registry
from phonograph.graphs.bundle import save_bundle
from phonograph.graphs.check import load_graph
from phonograph.graphs.export import export as exporting
from phonograph.graphs.model import build

needs_onnx = pytest.mark.skipif(
    importlib.util.find_spec("onnxruntime") is None,
    reason='the optional packages are not installed: pip install "phonograph[export]"',
)


@needs_onnx
def test_what_was_written_is_told_with_how_it_compares(run, bundle):
    done = run("export", bundle, "small.onnx")
    assert done.exit_code == 0
    table, _, summary = done.stdout.partition("\n\n")
    lines = table.splitlines()
    assert re.split(r"  +", lines[0]) == [
        "utterances",
        "log_probs differs by",
        "lengths differs by",
    ]
    assert [re.split(r"  +", line)[0] for line in lines[1:]] == [
        "0.61 s",
        "1.7 s",
        "4.13 s",
        "2.03 s and 1.21 s",
    ]
    written, takes, gives = summary.splitlines()
    assert re.fullmatch(r"small\.onnx: \d+ kB in \d+ s", written)
    assert takes == "takes  audio [B, S], audio_lengths [B]"
    assert gives == "gives  log_probs [B, T, 28], lengths [B]"
    assert done.stderr == "writing the view `infer`\ncomparing the file with the view\n"


def test_a_machine_reads_the_same(run, bundle):
    done = run("export", bundle, "small.pt2", "--to", "pt2", "--json")
    assert done.exit_code == 0
    report = json.loads(done.stdout)
    assert report["path"] == "small.pt2"
    assert report["comparison"]["tolerance"] == 1e-4
    assert [batch["seconds"] for batch in report["comparison"]["batches"]][3] == [2.03, 1.21]
    assert report["notes"]["phonograph.view"] == "infer"


def test_a_port_can_be_asked_for(run, bundle):
    done = run("export", bundle, "encoder.pt2", "--run", "encoder.encoded")
    assert done.exit_code == 0
    assert done.stdout.splitlines()[-1] == "gives  encoded [B, 8, T], lengths [B]"


def test_a_checkpoint_for_nemo_is_a_whole_model(run, bundle):
    done = run("export", bundle, "small.nemo", "--run", "encoder.encoded")
    assert done.exit_code == 2
    assert "a checkpoint for NeMo is a whole model" in done.stderr


def test_a_file_that_exists_is_kept(run, bundle, here):
    (here / "small.pt2").write_text("older")
    done = run("export", bundle, "small.pt2")
    assert done.exit_code == 1
    assert done.stderr == (
        "error[PB020]: `small.pt2` exists\n"
        "  --> small.pt2\n"
        "   = help: choose another name, or add --overwrite\n"
    )
    assert (here / "small.pt2").read_text() == "older"


def test_a_view_that_is_not_there_is_told_with_those_that_are(run, bundle):
    done = run("export", bundle, "small.pt2", "--view", "inver")
    assert done.exit_code == 1
    assert "the graph has no view `inver`" in done.stderr
    assert "`infer`" in done.stderr


def test_another_ending_is_wrong_usage(run, bundle):
    done = run("export", bundle, "small.tflite")
    assert done.exit_code == 2
    assert "`small.tflite` must end in .onnx, .pt2 or .nemo" in done.stderr
    done = run("export", bundle, "small.pt2", "--to", "onnx")
    assert done.exit_code == 2
    assert "`small.pt2` must end in .onnx" in done.stderr


def test_an_unknown_format_is_wrong_usage(run, bundle):
    done = run("export", bundle, "small.onnx", "--to", "onyx")
    assert done.exit_code == 2
    assert "`onyx` is not known; did you mean `onnx`?" in done.stderr


def test_missing_packages_are_told_with_how_to_get_them(run, bundle, here, monkeypatch):
    before = set(here.iterdir())
    monkeypatch.setattr(exporting, "find_spec", lambda name: None)
    done = run("export", bundle, "small.onnx")
    assert done.exit_code == 1
    assert 'pip install "phonograph[export]"' in done.stderr
    assert set(here.iterdir()) == before


NEMO = """\
phonograph: 1
name: small
modules:
  data:
    module: asr.manifest
    with: {sample_rate: 16000, tokenizer: {type: characters, alphabet: "ab "}}
  mel:
    module: asr.log_mel
    from: data.audio
    with: {n_mels: 8, framing: {periodic: false, frames: whole}}
  encoder:
    module: asr.conv_encoder
    from: mel.features
    with: {blocks: [{filters: 6, kernel: 3, residual: false}]}
  head: {module: asr.ctc_head, from: encoder.encoded}
  loss: {module: asr.ctc_loss, from: {log_probs: head.log_probs, targets: data.tokens}}
  text: {module: asr.ctc_greedy, from: head.log_probs}
views:
  infer: {feed: [data.audio], run: [text.text]}
"""


def test_a_checkpoint_for_nemo_is_told_with_the_class_that_opens_it(run, here):
    (here / "small.yaml").write_text(NEMO, encoding="utf-8")
    graph = load_graph(here / "small.yaml", [], default_registry())
    save_bundle(here / "small.phono", graph, build(graph).module.state_dict(), {})
    done = run("export", "small.phono", "small.nemo", "--to", "nemo")
    assert done.exit_code == 0
    written, opened = done.stdout.splitlines()
    assert re.fullmatch(r"small\.nemo: \d+ kB, 11 tensors, the same when read back", written)
    assert opened == "NeMo opens it as nemo.collections.asr.models.ctc_models.EncDecCTCModel"
    assert run("import", "small.nemo", "again.phono").exit_code == 0


def test_what_nemo_has_not_is_told_setting_by_setting(run, here):
    (here / "small.yaml").write_text(NEMO.replace("whole", "all"), encoding="utf-8")
    graph = load_graph(here / "small.yaml", [], default_registry())
    save_bundle(here / "small.phono", graph, build(graph).module.state_dict(), {})
    done = run("export", "small.phono", "small.nemo")
    assert done.exit_code == 1
    assert "`mel.framing.frames` is all here, and would be whole there" in done.stderr
    assert not (here / "small.nemo").exists()
