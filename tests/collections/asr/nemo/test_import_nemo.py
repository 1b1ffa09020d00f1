"""A checkpoint becomes a graph with every one of its tensors, or is refused with every reason."""

import io
import os
from pathlib import Path

import pytest
import torch
from sentencepiece import SentencePieceTrainer

from phonograph.collections import default_registry
from phonograph.collections.asr.nemo.archive import read_archive
from phonograph.collections.asr.nemo.import_nemo import read_nemo
from phonograph.errors import BundleError
from phonograph.graphs.bundle import open_bundle, save_bundle
from phonograph.graphs.check import check_document
from phonograph.graphs.lock import read_lock
from phonograph.graphs.spec import PortName

SHARED = Path(os.environ.get("PHONOGRAPH_FIXTURES", "../shared/fixtures"))
CHECKPOINTS = sorted(SHARED.glob("*/model.nemo"))
WEIGHT = "encoder.encoder.0.mconv.1.conv.weight"


def solved(foreign):
    checked = check_document(read_lock(dict(foreign.graph), "x"), default_registry())
    assert checked.faults == ()
    return checked.graph


def refusals(path) -> list[str]:
    with pytest.raises(BundleError) as caught:
        read_nemo(path)
    return [fault.message for fault in caught.value.diagnostics]


def misfits(path) -> list[str]:
    """Return the causes of the one fault about weights."""
    with pytest.raises(BundleError) as caught:
        read_nemo(path)
    (fault,) = caught.value.diagnostics
    assert fault.code == "PB032"
    assert fault.message == "the weights are not those of a model with these settings"
    return list(fault.causes)


def test_the_graph_is_wired_as_our_recipes_are(write):
    foreign = read_nemo(write())
    assert list(foreign.graph["modules"]) == [
        *("data", "dither", "mel", "encoder", "head", "loss", "text")
    ]
    assert foreign.graph["modules"]["dither"]["only"] == "train"
    assert foreign.graph["name"] == "tiny"
    assert foreign.left_out == ("left out, being of training or without effect on results: optim",)
    graph = solved(foreign)
    assert set(graph.spec.views) == {"train", "validate", "infer"}


def test_every_tensor_comes_along(write):
    foreign = read_nemo(write())
    buffers = {"preprocessor.featurizer.window", "preprocessor.featurizer.fb"}
    stored = read_archive(write()).tensors
    expected = sorted(float(v.double().sum()) for k, v in stored.items() if k not in buffers)
    found = sorted(float(value.double().sum()) for value in foreign.weights.values())
    assert found == pytest.approx(expected)


def test_the_bundle_transcribes_and_can_be_trained(write, tmp_path):
    foreign = read_nemo(write())
    path = tmp_path / "tiny.phono"
    save_bundle(path, solved(foreign), foreign.weights, {})
    model = open_bundle(path, default_registry())
    features, lengths = model.modules["mel"](torch.randn(1, 16000), torch.tensor([16000]))
    assert lengths.tolist() == [100]
    encoded, frames = model.modules["encoder"](features, lengths)
    texts, hypotheses = model.modules["text"](model.modules["head"](encoded), frames)
    assert len(texts) == len(hypotheses) == 1
    model.view("train")


def test_all_unsupported_settings_are_told_at_once_in_their_order(write):
    path = write(
        {
            "preprocessor.window": "kaiser",
            "encoder.colour": "red",
            "encoder.jasper.1.heads": 4,
            "decoder.add_blank": False,
        }
    )
    told = refusals(path)
    assert [message.partition(" ")[0].strip("`:") for message in told] == [
        "preprocessor.window",
        "encoder.jasper.1.heads",
        "encoder.colour",
        "decoder.add_blank",
    ]
    with pytest.raises(BundleError) as caught:
        read_nemo(path)
    places = [fault.place for fault in caught.value.diagnostics]
    assert {place and place.file for place in places} == {"tiny.nemo/model_config.yaml"}
    assert all(place and place.line and place.column for place in places)


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        (
            "target",
            "nemo.x.EncDecClassificationModel",
            "models of the class `EncDecClassificationModel` are",
        ),
        ("target", None, "models of the class `` are not"),
        (
            "preprocessor._target_",
            "nemo.collections.asr.modules.AudioToMFCCPreprocessor",
            "`preprocessor._target_`: `nemo.collections.asr.modules.AudioToMFCCPreprocessor` is",
        ),
        ("encoder._target_", "nemo.x.SqueezeformerEncoder", "`encoder._target_`: `nemo.x.Squee"),
        ("masking", {"_target_": "nemo.x.Y"}, "`masking` is not supported"),
        ("decoder.vocabulary", ["a", "a"], "`decoder.vocabulary`: the tokens have `a` more"),
    ],
)
def test_what_is_not_supported_is_told(write, key, value, told):
    messages = refusals(write({key: value}))
    assert len(messages) == 1
    assert messages[0].startswith(told)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("preprocessor.sample_rate", 0),
        ("preprocessor.window_size", float("inf")),
        ("preprocessor.n_fft", float("nan")),
        ("encoder.jasper.0.kernel_size_factor", float("inf")),
    ],
)
def test_a_number_of_which_nothing_can_be_made_is_refused(write, key, value):
    assert all(f"`{key}`" in message for message in refusals(write({key: value})))


@pytest.mark.parametrize(
    "more",
    [
        {
            "train_ds": {"manifest_filepath": "x", "batch_size": 3},
            "interctc": {"loss_weights": [0]},
        },
        {"decoding": {"strategy": "beam", "beam": {"beam_size": 4}}, "ctc_reduction": "mean"},
        {"repeat": 5, "separable": True, "anything": {"else": [1, 2]}},
    ],
)
def test_training_and_decoding_are_never_a_reason_to_refuse(write, more):
    foreign = read_nemo(write(more))
    sections = [key for key, value in more.items() if isinstance(value, dict)]
    assert all(name in foreign.left_out[0] for name in sections)


@pytest.mark.parametrize("tensor", ["encoder.adapter.weight", "joint.x", "preprocessor.more"])
def test_a_tensor_without_a_place_is_told(write, tensor):
    told = misfits(write(tensors={tensor: torch.ones(1)}))
    assert told == [f"`{tensor}` has no place in the model"]


def test_a_missing_tensor_is_told(write):
    assert f"it lacks `{WEIGHT}`" in misfits(write(tensors={WEIGHT: None}))
    name = "decoder.decoder_layers.0.bias"
    assert f"it lacks `{name}`" in misfits(write(tensors={name: None}))


def test_a_tensor_of_another_shape_is_told(write):
    told = misfits(write(tensors={"decoder.decoder_layers.0.bias": torch.ones(3)}))
    assert told == ["`head.linear.bias` has the shape [3], not [29]"]


def test_many_misfits_are_counted(write):
    told = misfits(write(tensors={f"more.{number}": torch.ones(1) for number in range(20)}))
    assert told[-1] == "and 12 more"


def test_another_vocabulary_than_the_weights_is_told(write):
    told = misfits(write({"decoder.vocabulary": ["a", "b"]}))
    assert "`head.linear.bias` has the shape [29], not [3]" in told


def test_pieces_come_out_of_the_checkpoint(write):
    written = io.BytesIO()
    SentencePieceTrainer.train(
        sentence_iterator=iter(["the cat sat on the mat, a dog ate it"] * 3),
        model_writer=written,
        vocab_size=28,
        model_type="bpe",
        minloglevel=2,
    )
    path = write(
        {
            "target": "nemo.collections.asr.models.ctc_bpe_models.EncDecCTCModelBPE",
            "tokenizer": {"type": "bpe", "dir": "x", "model_path": "nemo:ab_tokenizer.model"},
        },
        ab_tokenizer_DOT_model=written.getvalue(),
    )
    foreign = read_nemo(path)
    assert foreign.graph["modules"]["data"]["with"]["tokenizer"]["type"] == "sentencepiece"
    assert solved(foreign).nodes["text"].parameters["vocab"].size == 28


@pytest.mark.parametrize("durations", [(), (0, 1, 2)])
def test_a_hybrid_has_both_heads_and_both_losses(write_hybrid, durations, tmp_path):
    foreign = read_nemo(write_hybrid(durations))
    modules = foreign.graph["modules"]
    assert list(modules) == [
        *("data", "dither", "mel", "encoder", "predictor", "joint", "transducer", "text"),
        *("head", "ctc", "ctc_text", "loss"),
    ]
    assert modules["loss"]["with"] == {"weight": 0.3}
    assert modules["joint"]["module"] == ("asr.tdt_joint" if durations else "asr.joint")
    graph = solved(foreign)
    save_bundle(tmp_path / "x.phono", graph, foreign.weights, {})
    model = open_bundle(tmp_path / "x.phono", default_registry())
    audio = {PortName("data", "audio"): torch.randn(1, 16000)}
    audio[PortName("data", "audio_lengths")] = torch.tensor([16000])
    for view, text in (("infer", "text"), ("infer_ctc", "ctc_text")):
        (words,) = model.view(view)(audio)[PortName(text, "text")]
        assert isinstance(words, str)


def test_a_transducer_alone_has_no_ctc_head(write_hybrid):
    foreign = read_nemo(write_hybrid(ctc=False))
    assert list(foreign.graph["modules"])[-4:] == ["predictor", "joint", "loss", "text"]
    assert "decoding" not in foreign.left_out[0]


@pytest.mark.skipif(not CHECKPOINTS, reason="the reference checkpoints are not here")
@pytest.mark.parametrize("path", CHECKPOINTS, ids=[path.parent.name for path in CHECKPOINTS])
def test_the_reference_checkpoints_are_read(path):
    assert solved(read_nemo(path)).nodes["encoder"]
