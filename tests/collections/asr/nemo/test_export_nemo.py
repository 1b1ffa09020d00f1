"""What is written as NeMo's is read back as it was, whatever the encoder."""

import importlib.util
import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
import torch

from phonograph.collections import default_registry
from phonograph.collections.asr.nemo.archive import Archive, read_archive
from phonograph.collections.asr.nemo.export_nemo import export_nemo
from phonograph.collections.asr.nemo.import_nemo import read_nemo
from phonograph.errors import GraphError
from phonograph.graphs.bundle import Bundle
from phonograph.graphs.check import check_document
from phonograph.graphs.document import Document
from phonograph.graphs.lock import read_lock
from phonograph.graphs.model import build
from phonograph.graphs.spec import PortName

FIXTURES = Path(os.environ.get("PHONOGRAPH_FIXTURES", "fixtures"))
CTC = (
    "quartznet_tiny",
    "jasper_tiny",
    "citrinet_tiny_bpe",
    "conformer_ctc_tiny_bpe",
    "conformer_ctc_tiny_char",
    "fastconformer_ctc_tiny_bpe",
)
MEL = {"n_mels": 8, "framing": {"periodic": False, "frames": "whole"}}
OTHER_MEL = {
    "n_mels": 6,
    "window": 0.02,
    "hop": 0.0125,
    "normalize": "all_features",
    "framing": {"shape": "hamming", "periodic": False, "frames": "between", "preemphasis": 0.9},
    "compression": {"power": 1.0, "guard": "add", "floor": 1e-5},
    "filters": {"norm": "none", "f_min": 50.0, "f_max": 7000.0, "copies": 2},
}
BLOCK = {"heads": 2, "kernel": 5}
TINY = {"d_model": 8, "layers": 2, "block": BLOCK}
GATED = {"filters": 8, "kernel": 3, "dilation": 2, "residual": False, "excite": {"reduction": 4}}
TABLE = [
    {"filters": 8, "kernel": 5, "stride": 2, "residual": False, "separable": False},
    {"filters": 8, "kernel": 3, "repeat": 2, "residual": "dense", "dropout": 0.1},
    {"filters": 8, "kernel": 3, "repeat": 2, "residual": "dense", "separable": False},
    {**GATED},
    {"filters": 8, "kernel": 5, "ahead": 0, "groups": 2, "residual": False},
]
ENCODERS = {
    "a table": ("asr.conv_encoder", {"blocks": TABLE, "activation": "silu"}),
    "the greater": (
        "asr.conv_encoder",
        {"blocks": [TABLE[0], {"filters": 8, "kernel": 3, "residual": "max"}]},
    ),
    "group norm": (
        "asr.conv_encoder",
        {"blocks": TABLE[3:], "norm": {"kind": "group", "groups": 2, "padding": 16}},
    ),
    "quartznet": ("asr.quartznet", {"blocks": 5, "repeat": 1}),
    "citrinet": ("asr.citrinet", {"width": 8, "repeat": 1, "d_model": 16}),
    "jasper": ("asr.jasper", {"blocks": 5, "repeat": 1, "d_model": 16}),
    "conformer": ("asr.conformer", TINY),
    "vgg": ("asr.conformer", TINY | {"subsampling": {"kind": "vgg", "channels": 4}}),
    "wide": ("asr.conformer", TINY | {"subsampling": {"kind": "wide_conv1d"}}),
    "split": ("asr.conformer", TINY | {"subsampling": {"kind": "dw_conv1d"}}),
    "stacked": ("asr.conformer", TINY | {"stride": 3, "subsampling": {"kind": "stack"}}),
    "stacked, norm": ("asr.conformer", TINY | {"subsampling": {"kind": "stack_norm"}}),
    "stacked, padded": (
        "asr.conformer",
        TINY | {"stride": 3, "subsampling": {"kind": "stack", "padding": 1}},
    ),
    "grouped": (
        "asr.conformer",
        TINY
        | {
            "block": BLOCK | {"norm": "group", "groups": 2, "padding_counts": True},
            "subsampling": {"padding": 16},
        },
    ),
    "nothing halved": ("asr.conformer", TINY | {"stride": 1}),
    "absolute": (
        "asr.conformer",
        TINY | {"block": BLOCK | {"positions": "absolute", "norm": "layer", "bias": False}},
    ),
    "shared biases": ("asr.conformer", TINY | {"block": BLOCK | {"positions": "relative_shared"}}),
    "live": (
        "asr.conformer",
        TINY
        | {
            "stride": 8,
            "subsampling": {"kind": "dw_conv2d", "channels": 4, "causal": True, "scale": True},
            "context": {"left": 6, "right": 1, "style": "chunked", "conv_right": 0},
        },
    ),
    "several contexts": (
        "asr.conformer",
        TINY
        | {
            "context": {
                "left": 6,
                "right": 2,
                "conv_right": 1,
                "others": [[4, 1], [None, 3]],
                "chances": [0.5, 0.25, 0.25],
            }
        },
    ),
    "local": ("asr.conformer", TINY | {"context": {"left": 8, "right": 8, "style": "local"}}),
    "local, skewed": (
        "asr.conformer",
        TINY | {"context": {"left": 4, "right": 8, "style": "local_skewed"}},
    ),
    "reduced between": (
        "asr.conformer",
        TINY
        | {
            "subsampling": {
                "kind": "conv2d",
                "reduction": {"kind": "striding", "factor": 4, "after": 1},
            }
        },
    ),
    "reduced at the end": (
        "asr.conformer",
        TINY
        | {"subsampling": {"kind": "conv2d", "reduction": {"kind": "pooling"}}, "feat_out": 12},
    ),
}


def graph_of(id, arguments, mel=MEL, **more):
    alphabet = {"type": "characters", "alphabet": " abc'"}
    modules = {
        "data": {"module": "asr.manifest", "with": {"sample_rate": 16000, "tokenizer": alphabet}},
        "mel": {"module": "asr.log_mel", "from": "data.audio", "with": mel},
        "encoder": {"module": id, "from": "mel.features", "with": arguments},
        "head": {"module": "asr.ctc_head", "from": "encoder.encoded"},
        "loss": {
            "module": "asr.ctc_loss",
            "from": {"log_probs": "head.log_probs", "targets": "data.tokens"},
        },
        "text": {"module": "asr.ctc_greedy", "from": "head.log_probs"},
        **more,
    }
    views = {"infer": {"feed": ["data.audio"], "run": ["text.text"]}}
    return {"phonograph": 1, "name": "ours", "modules": modules, "views": views}


def bundle_of(graph) -> Bundle:
    checked = check_document(Document("ours.yaml", Path(), graph, {}), default_registry())
    assert checked.graph is not None, checked.faults
    weights = build(checked.graph).module.state_dict()
    for weight in weights.values():
        if weight.is_floating_point():  # none is like another, so that none can stand for another
            weight.add_(0.05 * torch.randn_like(weight))
    return Bundle(checked.graph, weights, {})


def imported(path: Path) -> Bundle:
    foreign = read_nemo(path)
    checked = check_document(read_lock(dict(foreign.graph), str(path)), default_registry())
    assert checked.graph is not None, checked.faults
    return Bundle(checked.graph, dict(foreign.weights), {})


def same_weights(first: Bundle, second: Bundle) -> bool:
    """Compare to the last bit; a table inside of a named encoder has a prefix more."""
    ours = {name.replace("encoder.encoder.", "encoder."): w for name, w in first.weights.items()}
    return ours.keys() == second.weights.keys() and all(
        torch.equal(weight, second.weights[name]) for name, weight in ours.items()
    )


@pytest.mark.parametrize("encoder", ENCODERS)
def test_reading_it_back_gives_the_same_weights_and_the_same_scores(encoder, tmp_path):
    bundle = bundle_of(graph_of(*ENCODERS[encoder]))
    export_nemo(bundle, "infer", tmp_path / "ours.nemo")
    again = imported(tmp_path / "ours.nemo")
    assert same_weights(bundle, again)
    audio, lengths = 0.1 * torch.randn(2, 6000), torch.tensor([6000, 4000])
    results = []
    for one in (bundle, again):
        model = build(one.graph)
        model.module.load_state_dict(one.weights)
        model.module.eval()
        given = {PortName("data", "audio"): audio, PortName("data", "audio_lengths"): lengths}
        with torch.no_grad():
            found = model.view("infer")(given)
        results.append(found[PortName("head", "log_probs")])
    assert torch.equal(*results)


def by_plain_name(archive: Archive) -> dict[str, bytes]:
    return {name.partition("_")[2]: content for name, content in archive.files.items()}


def test_writing_twice_changes_nothing(tmp_path):
    paths = [tmp_path / "1.nemo", tmp_path / "2.nemo"]
    export_nemo(bundle_of(graph_of(*ENCODERS["conformer"], OTHER_MEL)), "infer", paths[0])
    export_nemo(imported(paths[0]), "infer", paths[1])
    first, second = map(read_archive, paths)
    assert first.tensors.keys() == second.tensors.keys()
    assert all(torch.equal(first.tensors[name], second.tensors[name]) for name in first.tensors)
    assert first.configuration == second.configuration


@pytest.mark.skipif(not FIXTURES.is_dir(), reason="there are no reference checkpoints here")
@pytest.mark.parametrize("name", CTC)
def test_a_checkpoint_of_nemos_comes_back_tensor_for_tensor(name, tmp_path):
    theirs = FIXTURES / name / "model.nemo"
    export_nemo(imported(theirs), "infer", tmp_path / "ours.nemo")
    before, after = read_archive(theirs), read_archive(tmp_path / "ours.nemo")
    assert by_plain_name(after) == by_plain_name(before)
    assert after.tensors.keys() == before.tensors.keys()
    for tensor, value in before.tensors.items():
        far = 1e-8 if tensor.endswith(".fb") else 0.0  # filters of librosa, computed again
        torch.testing.assert_close(after.tensors[tensor], value, atol=far, rtol=0.0)


def test_training_goes_along(tmp_path):
    masks = {"freq_masks": 2, "freq_width": 4, "time_masks": 3, "time_width": 0.05}
    graph = graph_of(
        *ENCODERS["quartznet"],
        dither={"module": "asr.dither", "from": "data.audio", "with": {"amount": 1e-4}},
    )
    graph["modules"]["mel"]["from"] = {"audio": "dither.audio"}
    graph["modules"]["dither"]["only"] = "train"
    graph["modules"]["augment"] = {
        "module": "asr.spec_augment",
        "from": "mel.features",
        "with": masks,
        "only": "train",
    }
    graph["modules"]["encoder"]["from"] = "augment.features"
    graph["views"]["train"] = {"run": ["loss.loss"]}
    export_nemo(bundle_of(graph), "infer", tmp_path / "ours.nemo")
    modules = read_nemo(tmp_path / "ours.nemo").graph["modules"]
    assert modules["dither"]["with"] == {"amount": 1e-4}
    assert modules["augment"]["with"].items() >= masks.items()


def test_the_archive_is_laid_out_as_nemo_does(tmp_path):
    export_nemo(bundle_of(graph_of(*ENCODERS["conformer"])), "infer", tmp_path / "ours.nemo")
    with tarfile.open(tmp_path / "ours.nemo") as archive:
        assert archive.getnames() == ["./model_config.yaml", "./model_weights.ckpt"]
    assert list(tmp_path.iterdir()) == [tmp_path / "ours.nemo"]


def refusal(graph, path: Path) -> GraphError:
    path.write_bytes(b"older")
    with pytest.raises(GraphError) as raised:
        export_nemo(bundle_of(graph), "infer", path)
    assert path.read_bytes() == b"older"
    assert list(path.parent.iterdir()) == [path]
    return raised.value


def test_all_settings_that_nemo_has_not_are_told_and_nothing_is_lost(tmp_path):
    graph = graph_of(*ENCODERS["quartznet"], {"n_mels": 8})
    assert str(refusal(graph, tmp_path / "ours.nemo")) == (
        "error[PE020]: `mel` cannot be written as NeMo has it\n"
        "  --> ours.yaml\n"
        "   = `mel.framing.periodic` is True here, and would be False there\n"
        "   = `mel.framing.frames` is all here, and would be whole there"
    )


def test_an_encoder_that_nemo_has_not_is_told_with_the_setting(tmp_path):
    arguments = TINY | {"block": BLOCK | {"norm": "none"}}
    (fault,) = refusal(graph_of("asr.conformer", arguments), tmp_path / "ours.nemo").diagnostics
    assert fault.message == "`encoder` cannot be written as NeMo has it"
    assert fault.causes == ('`conv_norm_type` is the text "none", which is not supported',)


def test_modules_without_a_counterpart_are_all_named(tmp_path):
    more = {
        "context": {"module": "asr.recurrent", "from": "encoder.encoded", "with": {"d_model": 4}},
        "wide": {"module": "asr.row_conv", "from": "context.encoded", "with": {"ahead": 2}},
    }
    graph = graph_of(*ENCODERS["quartznet"], **more)
    graph["modules"]["head"]["from"] = "wide.encoded"
    faults = refusal(graph, tmp_path / "ours.nemo").diagnostics
    assert [fault.message for fault in faults] == [
        "NeMo has nothing for `context` (asr.recurrent) in this place",
        "NeMo has nothing for `wide` (asr.row_conv) in this place",
    ]


def test_a_view_without_a_head_is_no_ctc_model(tmp_path):
    graph = graph_of(*ENCODERS["quartznet"])
    graph["views"]["infer"]["run"] = ["encoder.encoded"]
    error = refusal(graph, tmp_path / "ours.nemo")
    assert "the view `infer` is no CTC model: it has no CTC head" in str(error)


def test_what_nemo_opens_and_cannot_run_is_remarked(tmp_path):
    written = export_nemo(bundle_of(graph_of(*ENCODERS["vgg"])), "infer", tmp_path / "ours.nemo")
    expected = "NeMo 3.0.0 opens it, but cannot run its own subsampling `vggnet`"
    assert written.remarks == (expected,)


@pytest.mark.skipif(importlib.util.find_spec("nemo") is None, reason="NeMo is not installed")
@pytest.mark.parametrize("encoder", ["quartznet", "citrinet", "conformer", "live"])
def test_nemo_opens_it_and_hears_the_same(encoder, tmp_path):
    bundle = bundle_of(graph_of(*ENCODERS[encoder]))
    export_nemo(bundle, "infer", tmp_path / "ours.nemo")
    model = build(bundle.graph)
    model.module.load_state_dict(bundle.weights)
    model.module.eval()
    audio, lengths = 0.1 * torch.randn(1, 16000), torch.tensor([16000])
    given = {PortName("data", "audio"): audio, PortName("data", "audio_lengths"): lengths}
    with torch.no_grad():
        expected = model.view("infer")(given)[PortName("head", "log_probs")]
    code = (
        "import json, sys, torch\n"
        "from nemo.collections.asr.models import ASRModel\n"
        "model = ASRModel.restore_from(sys.argv[1], map_location='cpu').eval()\n"
        "audio = torch.tensor(json.load(sys.stdin))\n"
        "scores, frames, _ = model(input_signal=audio, input_signal_length=torch.tensor([16000]))\n"
        "json.dump(scores[:, : frames[0]].tolist(), open(sys.argv[2], 'w'))\n"
    )
    scores = tmp_path / "scores.json"
    command = [sys.executable, "-W", "ignore", "-c", code, str(tmp_path / "ours.nemo"), str(scores)]
    subprocess.run(command, input=json.dumps(audio.tolist()), text=True, check=True)
    found = torch.tensor(json.loads(scores.read_text()))
    torch.testing.assert_close(found, expected[:, : found.shape[1]], atol=1e-4, rtol=0.0)
