"""Imported models compute what the installed library computes, for many random configurations."""

import json
from typing import Any

import pytest
import torch

from phonograph.collections.asr.hugging_face.pieces import read_pieces
from phonograph.data.tokenizers import build_tokenizer

transformers = pytest.importorskip(
    "transformers", reason='the library is not installed: pip install "phonograph[test]"'
)

# the library warns of what it will change
pytestmark = pytest.mark.filterwarnings("ignore")

TOKENS = ["<pad>", "<s>", "</s>", "<unk>", "|", *"abcdefg'"]
SMALL: dict[str, Any] = {
    "hidden_size": 12,
    "num_hidden_layers": 2,
    "num_attention_heads": 3,
    "intermediate_size": 17,
    "conv_dim": (6, 8),
    "conv_kernel": (10, 4),
    "conv_stride": (5, 4),
    "num_conv_pos_embeddings": 8,
    "num_conv_pos_embedding_groups": 3,
    "vocab_size": len(TOKENS),
}
LARGE = {"feat_extract_norm": "layer", "conv_bias": True, "do_stable_layer_norm": True}
FORMS = [
    ("Wav2Vec2", {}),
    ("Wav2Vec2", {"num_conv_pos_embeddings": 7, "hidden_act": "relu", "layer_norm_eps": 1e-2}),
    ("Wav2Vec2", {"feat_extract_activation": "relu", "do_stable_layer_norm": True}),
    ("Wav2Vec2", LARGE),
    ("Wav2Vec2", {**LARGE, "pad_token_id": 9, "mask_time_prob": 0.0}),
    ("Hubert", {}),
    ("Hubert", {**LARGE, "feat_proj_layer_norm": False}),
    ("Hubert", {"feat_extract_norm": "layer", "hidden_act": "silu"}),
]


@pytest.fixture(autouse=True)
def quiet():
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()


def saved(folder, model, *, blank=0, normalize=True):
    """Write a model with every weight moved, and return it with its processor."""
    with torch.no_grad():
        for weight in model.parameters():
            weight += 0.2 * torch.randn_like(weight)
    tokens = list(TOKENS)
    tokens[0], tokens[blank] = tokens[blank], tokens[0]
    vocabulary = folder / "vocab.json"
    vocabulary.write_text(json.dumps({token: row for row, token in enumerate(tokens)}))
    processor = transformers.Wav2Vec2Processor(
        transformers.Wav2Vec2FeatureExtractor(do_normalize=normalize),
        transformers.Wav2Vec2CTCTokenizer(str(vocabulary)),
    )
    processor.save_pretrained(folder)
    model.save_pretrained(folder, max_shard_size="20KB")
    return model.eval(), processor


def in_our_order(logits, blank):
    rows = [row for row in range(logits.shape[-1]) if row != blank]
    return logits.log_softmax(dim=-1)[..., [*rows, blank]]


@pytest.mark.parametrize(("family", "more"), FORMS)
def test_every_utterance_scores_as_it_does_alone_in_the_library(
    tmp_path, imported, heard, family, more
):
    configuration = getattr(transformers, f"{family}Config")(**{**SMALL, **more})
    blank = configuration.pad_token_id
    untrained = getattr(transformers, f"{family}ForCTC")(configuration)
    model, processor = saved(tmp_path, untrained, blank=blank, normalize="conv_bias" in more)
    audio = [0.02 + 0.1 * torch.randn(samples) for samples in (900, 400, 31)]
    found, texts = heard(imported(tmp_path), audio)
    for ours, text, samples in zip(found, texts, audio, strict=True):
        inputs = processor(samples.numpy(), sampling_rate=16000, return_tensors="pt")
        with torch.no_grad():
            logits = model(**inputs).logits
        expected = in_our_order(logits, blank)[0]
        torch.testing.assert_close(ours, expected, atol=1e-4, rtol=0)
        written = processor.batch_decode(logits.argmax(dim=-1))[0]
        assert text == " ".join(written.split())


def test_a_batch_scores_as_it_does_in_the_library_where_that_masks_padding(
    tmp_path, imported, heard
):
    configuration = transformers.Wav2Vec2Config(**SMALL, **LARGE)
    model, processor = saved(tmp_path, transformers.Wav2Vec2ForCTC(configuration))
    audio = [0.1 * torch.randn(samples) for samples in (700, 450)]
    inputs = processor(
        [one.numpy() for one in audio],
        sampling_rate=16000,
        padding=True,
        return_attention_mask=True,
        return_tensors="pt",
    )
    with torch.no_grad():
        expected = in_our_order(model(**inputs).logits, blank=0)
    found, _ = heard(imported(tmp_path), audio)
    for row, ours in enumerate(found):
        torch.testing.assert_close(ours, expected[row, : len(ours)], atol=1e-4, rtol=0)


def pieces(rows):
    """A tokenizer as the library makes of SentencePiece models, and one of the Unigram kind."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    trainer = trainers.BpeTrainer(vocab_size=rows - 1, special_tokens=["<unk>"])
    tokenizer.train_from_iterator(["the cat sat on the mat", "a dog ate the hat"], trainer)
    tokenizer.add_special_tokens(["<pad>"])
    return tokenizer


PARAKEETS = [
    {},
    {"subsampling_factor": 2, "scale_input": False, "convolution_bias": False},
    {"attention_bias": False, "convolution_bias": False, "intermediate_size": 21},
]


@pytest.mark.parametrize("more", PARAKEETS)
def test_a_parakeet_scores_as_it_does_in_the_library(tmp_path, imported, heard, more):
    encoder = {
        "hidden_size": 12,
        "num_hidden_layers": 2,
        "num_attention_heads": 3,
        "intermediate_size": 24,
        "conv_kernel_size": 5,
        "subsampling_factor": 4,
        "subsampling_conv_channels": 3,
        "num_mel_bins": 16,
    }
    tokenizer = pieces(rows=26)
    configuration = transformers.ParakeetCTCConfig(
        vocab_size=26,
        pad_token_id=tokenizer.token_to_id("<pad>"),
        encoder_config=transformers.ParakeetEncoderConfig(**{**encoder, **more}),
    )
    model = transformers.ParakeetForCTC(configuration).eval()
    with torch.no_grad():
        for weight in model.parameters():
            weight += 0.2 * torch.randn_like(weight)
        for name, counted in model.named_buffers():
            if "running" in name:
                counted += 0.2 * torch.rand_like(counted)
    processor = transformers.ParakeetProcessor(
        transformers.ParakeetFeatureExtractor(feature_size=16),
        transformers.ParakeetTokenizer(
            tokenizer_object=tokenizer, unk_token="<unk>", pad_token="<pad>"
        ),
    )
    processor.save_pretrained(tmp_path)
    model.save_pretrained(tmp_path)
    audio = [0.1 * torch.randn(samples) for samples in (9000, 7777, 3000)]
    found, texts = heard(imported(tmp_path), audio)
    inputs = processor([one.numpy() for one in audio], sampling_rate=16000)
    with torch.no_grad():
        expected = in_our_order(model(**inputs).logits, blank=configuration.pad_token_id)
    written = processor.batch_decode(model.generate(**inputs))
    assert texts == [" ".join(text.split()) for text in written]
    for row, ours in enumerate(found):
        torch.testing.assert_close(ours, expected[row, : len(ours)], atol=1e-4, rtol=0)


def test_texts_are_cut_into_the_pieces_of_the_library(tmp_path):
    theirs = transformers.ParakeetTokenizer(
        tokenizer_object=pieces(rows=30), unk_token="<unk>", pad_token="<pad>"
    )
    theirs.save_pretrained(tmp_path)
    ours = build_tokenizer(read_pieces(tmp_path, "<pad>", 30, None).tokenizer)
    for text in ("the cat sat on the mat", "a mad dog", "o"):
        assert ours.encode(text) == theirs(text)["input_ids"]
        assert ours.decode(ours.encode(text)) == text
