"""Folders of transformers become graphs that compute the same; goldens tell what that is."""

import json
import shutil

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from phonograph.collections.asr.hugging_face.reader import read_hugging_face
from phonograph.errors import PhonographError

BLANKS = {"wav2vec2": 0, "hubert": 0, "parakeet": 24}


def expected_of(folder, blank):
    stored = np.load(folder / "expected.npz")
    audio = [torch.from_numpy(stored[f"audio{number}"]) for number in range(2)]
    logits = [torch.from_numpy(stored[f"logits{number}"]) for number in range(2)]
    rows = [row for row in range(logits[0].shape[1]) if row != blank]
    scores = [one.log_softmax(dim=1)[:, [*rows, blank]] for one in logits]
    return audio, scores, [" ".join(text.split()) for text in stored["texts"].tolist()]


@pytest.mark.parametrize("name", BLANKS)
def test_scores_and_texts_are_those_of_the_library_also_in_a_batch(goldens, name, imported, heard):
    audio, expected, texts = expected_of(goldens / name, BLANKS[name])
    found, written = heard(imported(goldens / name), audio)
    assert written == texts
    for ours, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=0)


@pytest.mark.parametrize("name", BLANKS)
def test_every_weight_but_that_of_masking_is_used(goldens, name, imported):
    stored = load_file(goldens / name / "model.safetensors")
    of_no_training = ("masked_spec", "running", "num_batches")
    kept = (t for key, t in stored.items() if not any(part in key for part in of_no_training))
    theirs = sum(tensor.numel() for tensor in kept)
    assert sum(imported(goldens / name).parameter_counts().values()) == theirs


def test_audio_is_normalised_as_the_front_end_says(goldens, golden, imported, rewrite):
    assert imported(goldens / "wav2vec2").modules["norm"].epsilon == 1e-7
    assert "norm" not in imported(goldens / "hubert").modules
    folder = golden("wav2vec2")
    (folder / "processor_config.json").unlink()
    (folder / "preprocessor_config.json").write_text(
        '{"do_normalize": false, "feature_size": 1, "sampling_rate": 8000}'
    )
    model = imported(folder)
    assert "norm" not in model.modules
    assert model.modules["data"].sample_rate == 8000


def test_names_of_older_releases_and_half_precision_are_read(golden, imported):
    folder = golden("wav2vec2")
    weights = {name: one.half() for name, one in load_file(folder / "model.safetensors").items()}
    for new, old in (("original0", "weight_g"), ("original1", "weight_v")):
        place = "wav2vec2.encoder.pos_conv_embed.conv."
        weights[place + old] = weights.pop(f"{place}parametrizations.weight.{new}")
    save_file(weights, folder / "model.safetensors")
    state = imported(folder).module.state_dict()
    assert {tensor.dtype for tensor in state.values()} == {torch.float32}
    kept = weights["wav2vec2.encoder.pos_conv_embed.conv.weight_g"].float().flatten()
    assert torch.equal(state["encoder.positions.gain"], kept)


def test_positions_without_weight_norm_are_read(goldens, golden, imported, heard):
    folder = golden("wav2vec2")
    weights = load_file(folder / "model.safetensors")
    place = "wav2vec2.encoder.pos_conv_embed.conv."
    gain = weights.pop(f"{place}parametrizations.weight.original0")
    direction = weights.pop(f"{place}parametrizations.weight.original1")
    weights[f"{place}weight"] = gain * direction / direction.norm(dim=(0, 1))
    save_file(weights, folder / "model.safetensors")
    audio, expected, _ = expected_of(goldens / "wav2vec2", blank=0)
    torch.testing.assert_close(heard(imported(folder), audio)[0], expected, atol=1e-4, rtol=0)


def test_a_model_of_another_kind_is_refused(golden, refusal_of, rewrite):
    folder = golden("wav2vec2")
    rewrite(folder / "config.json", architectures=["Wav2Vec2ForPreTraining"])
    assert refusal_of(folder) == (
        "error[PB040]: cannot import it: it is a `Wav2Vec2ForPreTraining`\n"
        "  --> FOLDER/config.json\n"
        "   = help: known are `Wav2Vec2ForCTC`, `HubertForCTC`, `ParakeetForCTC`"
    )
    rewrite(folder / "config.json", architectures=...)
    assert "`architectures` does not say what it is" in refusal_of(folder)


def test_all_settings_that_are_not_supported_are_told_with_their_places(
    golden, refusal_of, rewrite
):
    folder = golden("hubert")
    (folder / "model.safetensors").unlink()  # it is not even looked for
    rewrite(
        folder / "config.json", hidden_act="selu", conv_pos_batch_norm=True, depth=3, conv_dim="x"
    )
    rewrite(folder / "tokenizer_config.json", target_lang="eng")
    extractor = {"feature_extractor_type": "SpeechT5FeatureExtractor", "num_mel_bins": 80}
    rewrite(folder / "processor_config.json", feature_extractor=extractor)
    told = refusal_of(folder)
    assert [line for line in told.splitlines() if line.startswith("error")] == [
        "error[PB031]: `conv_dim`: a list of whole numbers is wanted",
        "error[PB031]: `conv_pos_batch_norm`: batch norm before the positions is not supported",
        'error[PB031]: `hidden_act` is the text "selu", which is not supported',
        "error[PB031]: `depth` is not supported",
        "error[PB031]: `feature_extractor.feature_extractor_type` is the text "
        '"SpeechT5FeatureExtractor", which is not supported',
        "error[PB031]: `feature_extractor.num_mel_bins` is not supported",
        "error[PB031]: `target_lang`: vocabularies of several languages are not supported",
    ]
    assert " --> FOLDER/config.json:11:3" in told


@pytest.mark.parametrize("change", [{"add_adapter": True}, {"adapter_attn_dim": 16}])
def test_adapters_are_refused(golden, refusal_of, rewrite, change):
    folder = golden("wav2vec2")
    rewrite(folder / "config.json", **change)
    assert f"`{next(iter(change))}`: " in refusal_of(folder)


def test_weights_without_a_place_and_places_without_weights_are_told(golden, refusal_of):
    folder = golden("wav2vec2")
    file = folder / "model.safetensors"
    weights = load_file(file)
    save_file({**weights, "wav2vec2.adapter.proj.weight": torch.ones(1)}, file)
    assert "its configuration has no place for `wav2vec2.adapter.proj.weight`" in refusal_of(folder)
    del weights["lm_head.bias"]
    save_file(weights, file)
    assert "error[PB041]: cannot import it: its weights lack `lm_head.bias`" in refusal_of(folder)


def test_weights_of_another_shape_are_refused(golden, refusal_of):
    folder = golden("wav2vec2")
    file = folder / "model.safetensors"
    name = "wav2vec2.encoder.layers.1.final_layer_norm.bias"
    save_file({**load_file(file), name: torch.ones(3)}, file)
    told = "its weights do not fit: `encoder.layers.1.linear_norm.bias` is [3], not [16]"
    assert told in refusal_of(folder)


def test_a_head_of_another_size_is_refused(golden, refusal_of, rewrite):
    folder = golden("wav2vec2")
    rewrite(folder / "config.json", vocab_size=14)
    assert "the head is [13, 16] and [13], which are not 14 rows" in refusal_of(folder)
    rewrite(folder / "config.json", vocab_size=10**12, pad_token_id="0")
    told = refusal_of(folder)
    assert "`vocab_size`: a number from 2 to 1,000,000 is wanted" in told
    assert "`pad_token_id`: a whole number is wanted" in told


def test_the_graph_has_the_name_of_its_folder(golden, imported):
    folder = golden("wav2vec2")
    renamed = folder.rename(folder.with_name("my model (2)"))
    assert imported(renamed).graph.name == "my-model-2"


def test_the_graph_can_be_trained_scored_and_heard(goldens, imported):
    views = imported(goldens / "hubert").graph.spec.views
    assert sorted(views) == ["infer", "train", "validate"]


@pytest.mark.parametrize("width", [-1, 10**7, 10**15])
def test_a_width_that_is_not_that_of_the_weights_is_refused(golden, refusal_of, rewrite, width):
    folder = golden("parakeet")
    encoder = json.loads((folder / "config.json").read_text())["encoder_config"]
    rewrite(folder / "config.json", encoder_config={**encoder, "hidden_size": width})
    assert refusal_of(folder).startswith("error[")


@pytest.mark.parametrize("name", BLANKS)
def test_weights_without_axes_are_refused(golden, refusal_of, name):
    file = golden(name) / "model.safetensors"
    save_file({key: torch.zeros(()) for key in load_file(file)}, file)
    assert refusal_of(file.parent).startswith("error[PB041]: ")


odd = st.none() | st.booleans() | st.integers(-1, 5) | st.sampled_from([1.5, "a", [], {}, 10**15])


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(sorted(BLANKS)), st.data())
def test_no_configuration_makes_anything_but_a_graph_or_a_refusal(goldens, tmp_path, name, data):
    folder = tmp_path / name
    shutil.copytree(goldens / name, folder, dirs_exist_ok=True)
    file = folder / data.draw(st.sampled_from([path.name for path in folder.glob("*g.json")]))
    configuration = json.loads(file.read_text(encoding="utf-8"))
    inside = [value for value in configuration.values() if isinstance(value, dict)]
    chosen = data.draw(st.sampled_from([configuration, *inside]))
    chosen[data.draw(st.sampled_from(sorted(chosen)))] = data.draw(odd)
    file.write_text(json.dumps(configuration), encoding="utf-8")
    try:
        graph, _ = read_hugging_face(folder)
    except PhonographError:
        return
    assert graph["modules"]["head"] == {"module": "asr.ctc_head", "from": "encoder.encoded"}
