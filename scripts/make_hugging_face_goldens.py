#!/usr/bin/env python3
"""Make the tiny Hugging Face folders that the importer's tests are held against.

    .venv/bin/python scripts/make_hugging_face_goldens.py

Needs transformers. Weights are random, with no term that does nothing; beside each model stands
what transformers computes for two recordings of noise, each heard alone: logits and greedy text.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

GOLDENS = Path(__file__).resolve().parent.parent / "tests/collections/asr/hugging_face/goldens"
RATE = 16_000
SAMPLES = (1600, 1117)
LONGER = (8000, 5003)
MELS = 16
PIECES = 24
CHARACTERS = ["<pad>", "<s>", "</s>", "<unk>", "|", *"ETAOINS'"]
SMALL: dict[str, Any] = {
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 20,
    "conv_dim": (6, 8, 8),
    "conv_kernel": (10, 3, 2),
    "conv_stride": (5, 3, 2),
    "num_conv_pos_embeddings": 6,
    "num_conv_pos_embedding_groups": 2,
    "vocab_size": len(CHARACTERS),
}


def base_model() -> Any:
    """Return a model as the base models of wav2vec 2.0 are."""
    return transformers.Wav2Vec2ForCTC(transformers.Wav2Vec2Config(**SMALL))


def large_model() -> Any:
    """Return a model as the large ones of HuBERT are, with its other options."""
    return transformers.HubertForCTC(
        transformers.HubertConfig(
            **{**SMALL, "num_conv_pos_embeddings": 5},
            feat_extract_norm="layer",
            conv_bias=True,
            do_stable_layer_norm=True,
            feat_proj_layer_norm=False,
            layer_norm_eps=1e-4,
        )
    )


def parakeet_model() -> Any:
    """Return a model as the small ones of Parakeet are."""
    encoder = transformers.ParakeetEncoderConfig(
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        conv_kernel_size=5,
        subsampling_factor=4,
        subsampling_conv_channels=3,
        num_mel_bins=MELS,
    )
    configuration = transformers.ParakeetCTCConfig(
        vocab_size=PIECES + 1, pad_token_id=PIECES, encoder_config=encoder
    )
    return transformers.ParakeetForCTC(configuration)


def roughened(model: Any) -> Any:
    """Move every weight a little, so that biases are not zero and gains not one."""
    with torch.no_grad():
        for weight in model.parameters():
            weight += 0.2 * torch.randn_like(weight)
        for name, counted in model.named_buffers():
            if "running" in name:
                counted += 0.2 * torch.rand_like(counted)
    return model.eval()


def character_processor(*, normalize: bool) -> Any:
    """Return the processor of a model of characters."""
    with tempfile.TemporaryDirectory() as folder:
        vocabulary = Path(folder) / "vocab.json"
        rows = {token: row for row, token in enumerate(CHARACTERS)}
        vocabulary.write_text(json.dumps(rows), encoding="utf-8")
        tokenizer = transformers.Wav2Vec2CTCTokenizer(str(vocabulary))
    extractor = transformers.Wav2Vec2FeatureExtractor(do_normalize=normalize)
    return transformers.Wav2Vec2Processor(extractor, tokenizer)


def piece_processor() -> Any:
    """Return the processor of a model of pieces, with a tokenizer as converted ones are."""
    pieces = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    pieces.pre_tokenizer = pre_tokenizers.Metaspace()
    pieces.decoder = decoders.Metaspace()
    trainer = trainers.BpeTrainer(vocab_size=PIECES, special_tokens=["<unk>"], show_progress=False)
    pieces.train_from_iterator(["the cat sat on the mat", "a dog ate the hat"], trainer)
    pieces.add_special_tokens(["<pad>"])
    tokenizer = transformers.ParakeetTokenizer(
        tokenizer_object=pieces, unk_token="<unk>", pad_token="<pad>"
    )
    extractor = transformers.ParakeetFeatureExtractor(feature_size=MELS)
    return transformers.ParakeetProcessor(extractor, tokenizer)


def save(folder: Path, model: Any, processor: Any, samples: tuple[int, ...]) -> None:
    """Write a folder, and what the model says, as expected.npz."""
    folder.mkdir(parents=True, exist_ok=True)
    processor.save_pretrained(folder)
    model.save_pretrained(folder)
    (folder / "model.safetensors").chmod(0o644)
    audio = [0.03 + 0.1 * torch.randn(count) for count in samples]
    arrays: dict[str, Any] = {}
    texts = []
    for number, one in enumerate(audio):
        inputs = processor(one.numpy(), sampling_rate=RATE, return_tensors="pt")
        with torch.no_grad():
            logits = model(**inputs).logits
        arrays |= {f"audio{number}": one.numpy(), f"logits{number}": logits[0].numpy()}
        texts += processor.batch_decode(logits.argmax(dim=-1))
    np.savez_compressed(folder / "expected.npz", texts=np.array(texts), **arrays)


def main() -> None:
    """Make every folder."""
    parser = argparse.ArgumentParser(description="Make the goldens of the Hugging Face importer.")
    parser.add_argument("folder", nargs="?", type=Path, default=GOLDENS, help="where they go")
    folder = parser.parse_args().folder
    transformers.logging.set_verbosity_error()
    torch.manual_seed(0)
    base = character_processor(normalize=True)
    save(folder / "wav2vec2", roughened(base_model()), base, SAMPLES)
    large = character_processor(normalize=False)
    save(folder / "hubert", roughened(large_model()), large, SAMPLES)
    save(folder / "parakeet", roughened(parakeet_model()), piece_processor(), LONGER)


if __name__ == "__main__":
    main()
