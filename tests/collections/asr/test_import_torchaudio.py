"""torchaudio's wav2vec 2.0 and HuBERT models compute the same as graphs of ours."""

import pytest
import torch
import torchaudio
from torch.nn import functional
from torchaudio import pipelines

from phonograph.collections.asr import MODULES, import_torchaudio
from phonograph.collections.asr.acoustic_graph import acoustic_graph
from phonograph.collections.asr.foreign_weights import MissingTensorError, Weights
from phonograph.collections.asr.import_torchaudio import (
    PUBLISHED,
    Architecture,
    Labels,
    Published,
    read_torchaudio,
    translate,
)
from phonograph.errors import BundleError
from phonograph.graphs.check import check_document
from phonograph.graphs.lock import read_lock
from phonograph.graphs.model import build
from phonograph.types.registry import Registry

LETTERS = ("|", "E", "T", "A", "'")
ROWS = len(LETTERS) + 1  # with the blank's


def architecture(norm, *, bias=False, norm_first=False):
    """Return the arguments of a tiny encoder of ours."""
    convs = {"widths": [6, 8, 8], "kernels": [10, 3, 2], "strides": [5, 3, 2]}
    return {
        "d_model": 12,
        "layers": 2,
        "convs": {**convs, "norm": norm, "bias": bias},
        "projection_norm": True,
        "positions": {"kernel": 6, "groups": 3},
        "block": {"heads": 2, "middle": 17, "norm_first": norm_first},
    }


def theirs_of(arguments, rows=ROWS):
    """Make the same of torchaudio, with every weight moved."""
    convs, block, positions = (arguments[name] for name in ("convs", "block", "positions"))
    shapes = (convs[name] for name in ("widths", "kernels", "strides"))
    model = torchaudio.models.wav2vec2_model(
        extractor_mode={"first": "group_norm", "each": "layer_norm"}[convs["norm"]],
        extractor_conv_layer_config=list(zip(*shapes, strict=True)),
        extractor_conv_bias=convs["bias"],
        encoder_embed_dim=arguments["d_model"],
        encoder_projection_dropout=0.1,
        encoder_pos_conv_kernel=positions["kernel"],
        encoder_pos_conv_groups=positions["groups"],
        encoder_num_layers=arguments["layers"],
        encoder_num_heads=block["heads"],
        encoder_attention_dropout=0.1,
        encoder_ff_interm_features=block["middle"],
        encoder_ff_interm_dropout=0.1,
        encoder_dropout=0.1,
        encoder_layer_norm_first=block["norm_first"],
        encoder_layer_drop=0.1,
        aux_num_out=rows,
    )
    with torch.no_grad():
        for weight in model.parameters():
            weight += 0.2 * torch.randn_like(weight)
    return model.eval()


def ours_of(data, weights):
    """Build an imported graph."""
    checked = check_document(read_lock(data, "torchaudio"), Registry(MODULES))
    assert checked.faults == ()
    assert checked.graph is not None
    model = build(checked.graph)
    model.module.load_state_dict(weights)
    model.module.eval()
    return model.modules


@pytest.mark.parametrize("norm", ["first", "each"])
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("norm_first", [False, True])
@torch.no_grad()
def test_scores_are_those_of_torchaudio(norm, bias, norm_first):
    arguments = architecture(norm, bias=bias, norm_first=norm_first)
    theirs = theirs_of(arguments)
    weights = Weights(theirs.state_dict())
    modules = ours_of(*acoustic_graph(translate("tiny", arguments, weights, Labels(LETTERS))))
    audio = 0.02 + 0.1 * torch.randn(3, 700)
    lengths = torch.tensor([700, 500, 300])
    normed = modules["norm"](audio, lengths) if norm == "each" else audio
    encoded, frames = modules["encoder"](normed, lengths)
    scores = modules["head"](encoded)
    for row, length in enumerate(lengths.tolist()):
        alone = audio[row : row + 1, :length]
        # as torchaudio.pipelines does with models whose every convolution is normalised
        heard = functional.layer_norm(alone, alone.shape) if norm == "each" else alone
        expected = theirs(heard)[0][0].log_softmax(dim=-1).roll(-1, dims=-1)
        assert int(frames[row]) == len(expected)
        torch.testing.assert_close(scores[row, : len(expected)], expected, atol=1e-4, rtol=0)


def test_rows_that_stand_for_nothing_are_left_out_and_the_blank_goes_last():
    arguments = architecture("first")
    stored = theirs_of(arguments, rows=ROWS + 2).state_dict()
    model = translate("tiny", arguments, Weights(stored), Labels(LETTERS, spare=(2, 6)))
    assert model.head is not None
    kept = stored["aux.weight"][[1, 3, 4, 5, 7, 0]]
    assert torch.equal(model.head.weights["linear.weight"], kept)
    assert model.tokenizer == {"type": "tokens", "tokens": list(LETTERS), "word_boundary": "|"}
    with pytest.raises(ValueError, match="its head has 8 rows, not 6, or 1 more"):
        translate("tiny", arguments, Weights(stored), Labels(LETTERS, spare=(2,)))


def test_weights_too_few_and_too_many_are_told():
    arguments = architecture("first")
    stored = theirs_of(arguments).state_dict()
    with pytest.raises(ValueError, match=r"^it has `aux\.weight`$"):
        translate("tiny", arguments, Weights(stored))
    with pytest.raises(MissingTensorError, match=r"conv_layers\.0\.conv\.bias"):
        translate("tiny", architecture("first", bias=True), Weights(stored))


def test_the_table_has_what_torchaudio_publishes():
    bundles = {name: getattr(pipelines, name) for name in dir(pipelines)}
    known = (pipelines.Wav2Vec2Bundle, pipelines.Wav2Vec2ASRBundle)
    theirs = {n: b for n, b in bundles.items() if type(b) in known and b._model_type != "WavLM"}
    assert sorted(theirs) == sorted(PUBLISHED)


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_model_is_what_torchaudio_says(name):
    ours, theirs = PUBLISHED[name], getattr(pipelines, name)
    arguments, parameters = ours.architecture.arguments(), theirs._params
    convs, block = arguments["convs"], arguments["block"]
    assert ours.file == theirs._path
    assert theirs.sample_rate == 16000
    assert (convs["norm"] == "each") is theirs._normalize_waveform
    assert {
        "extractor_mode": {"first": "group_norm", "each": "layer_norm"}[convs["norm"]],
        "extractor_conv_layer_config": list(
            zip(convs["widths"], convs["kernels"], convs["strides"], strict=True)
        ),
        "extractor_conv_bias": convs["bias"],
        "encoder_embed_dim": arguments["d_model"],
        "encoder_pos_conv_kernel": 128,
        "encoder_pos_conv_groups": 16,
        "encoder_num_layers": arguments["layers"],
        "encoder_num_heads": block["heads"],
        "encoder_ff_interm_features": block["middle"],
        "encoder_layer_norm_first": block["norm_first"],
    } == {key: value for key, value in parameters.items() if key[-3:] not in ("out", "rop")}
    if isinstance(theirs, pipelines.Wav2Vec2ASRBundle):
        assert ours.spare == theirs._remove_aux_axis
        assert len(import_torchaudio._labels(name)) == parameters["aux_num_out"] - 1


def test_a_name_that_torchaudio_does_not_know_is_refused():
    with pytest.raises(BundleError) as caught:
        read_torchaudio("WAV2VEC2_ASR_BASE")
    assert str(caught.value).startswith(
        "error[PB050]: torchaudio has no wav2vec 2.0 or HuBERT model `WAV2VEC2_ASR_BASE`\n"
        "   = help: did you mean `WAV2VEC2_"
    )


@pytest.fixture
def published(monkeypatch, tmp_path):
    """A published model that is small, and torchaudio's folder of what it fetched."""
    small = Published(Architecture(32, 1, 2, 16), "small.pth", spare=())
    names = ("WAV2VEC2_BASE", "WAV2VEC2_ASR_BASE_960H")
    monkeypatch.setattr(import_torchaudio, "PUBLISHED", dict.fromkeys(names, small))
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    (tmp_path / "checkpoints").mkdir()
    return small.architecture.arguments() | {"positions": {"kernel": 128, "groups": 16}}


def test_weights_that_were_not_fetched_are_told_with_how_to(published, tmp_path):
    with pytest.raises(BundleError) as caught:
        read_torchaudio("WAV2VEC2_BASE")
    assert str(caught.value) == (
        "error[PB051]: cannot import it: there is no file with the weights of WAV2VEC2_BASE\n"
        f"  --> {tmp_path}/checkpoints/small.pth\n"
        "   = help: fetch it: python -c 'import torchaudio; "
        "torchaudio.pipelines.WAV2VEC2_BASE.get_model()'; "
        "or say where it is: torchaudio:WAV2VEC2_BASE:FILE"
    )


def test_what_torchaudio_fetched_is_found(published, tmp_path):
    theirs = theirs_of(published, rows=29)
    torch.save(theirs.state_dict(), tmp_path / "checkpoints" / "small.pth")
    data, weights = read_torchaudio("WAV2VEC2_ASR_BASE_960H")
    modules = ours_of(data, weights)
    assert data["views"]["infer"]["run"] == ["text.text", "text.hypotheses"]
    assert modules["data"].tokenizer.decode([7, 1, 11, 11, 4]) == "HELLO"


def test_a_model_without_a_head_gives_encoded_frames(published, tmp_path):
    theirs = theirs_of(published, rows=None)
    torch.save(theirs.state_dict(), tmp_path / "mine.pth")
    data, weights = read_torchaudio(f"WAV2VEC2_BASE:{tmp_path / 'mine.pth'}")
    assert data["views"]["infer"]["run"] == ["encoder.encoded"]
    assert "head" not in ours_of(data, weights)


def test_the_weights_of_another_model_are_refused(published, tmp_path):
    torch.save({"a": torch.ones(2)}, tmp_path / "mine.pth")
    with pytest.raises(BundleError, match="which it lacks"):
        read_torchaudio(f"WAV2VEC2_BASE:{tmp_path / 'mine.pth'}")
