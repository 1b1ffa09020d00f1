"""What `bench_asr.py` measures with: speech from the shipped prompts, pieces, and models."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import sentencepiece
import soundfile

import phonograph.collections.asr
from bench_asr_link import Worker
from bench_asr_models import PIECES

if TYPE_CHECKING:
    from numpy.typing import NDArray

RATE = 16000
PROMPTS = Path(phonograph.collections.asr.__file__).parent / "recipes" / "prompts"
SHORTEST, LONGEST = 3.0, 12.0  # seconds of a file to transcribe
RECIPES = {
    "quartznet-15x5": "quartznet-15x5",
    "citrinet-256": "citrinet-256",
    "conformer-ctc-s": "conformer-ctc-small",
    "fastconformer-ctc-s": "fastconformer-ctc-small",
    "fastconformer-ctc-m": "fastconformer-ctc-medium",
    "conformer-transducer-s": "conformer-transducer-small",
}
"""Models -> our recipes, which stand in where there is no NeMo."""


class Speech(NamedTuple):
    """A stretch of speech, and what is said in it as far as whole prompts fit."""

    samples: NDArray[np.float32]
    text: str


class Material(NamedTuple):
    """Files made from the prompts."""

    batch: Path  # for the front end and inference
    lesson: Path  # for training
    texts: list[str]  # said in the lesson
    files: list[str]  # to transcribe
    seconds: float  # of all those files
    pieces: Path  # a SentencePiece model


def make_material(folder: Path, *, quick: bool) -> Material:
    """Write everything that both frameworks hear.

    Args:
        folder: where it goes.
        quick: whether there should be little of it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    prompts = cycle(read_prompts(PROMPTS))
    size = 2 if quick else 8
    heard = [joined(prompts, 15.0) for _ in range(size)]
    lesson = [joined(prompts, 8.0) for _ in range(size)]
    lengths = np.random.default_rng(0).uniform(SHORTEST, LONGEST, 6 if quick else 40)
    stretches = [joined(prompts, seconds).samples for seconds in lengths]
    files = [str(folder / f"{place:02}.wav") for place in range(len(stretches))]
    for file, samples in zip(files, stretches, strict=True):
        soundfile.write(file, samples, RATE)
    write_batch(folder / "batch.npz", heard)
    write_batch(folder / "lesson.npz", lesson)
    return Material(
        folder / "batch.npz",
        folder / "lesson.npz",
        [one.text for one in lesson],
        files,
        sum(map(len, stretches)) / RATE,
        make_pieces(folder / "pieces"),
    )


def read_prompts(folder: Path) -> list[Speech]:
    """Read the shipped prompts that are at the rate of the models."""
    lines = (folder / "train.jsonl").read_text(encoding="utf-8").splitlines()
    found = []
    for line in map(json.loads, lines):
        samples, rate = soundfile.read(folder / line["audio_filepath"], dtype="float32")
        if rate == RATE and samples.ndim == 1:
            found.append(Speech(samples, line["text"]))
    return found


def joined(prompts: Iterator[Speech], seconds: float) -> Speech:
    """Join prompts until they last so long; the last one is cut, and its text left out.

    >>> joined(cycle([Speech(np.ones(RATE, np.float32), "one")]), 2.5).text
    'one one'
    """
    wanted = round(seconds * RATE)
    parts: list[Speech] = []
    while sum(len(part.samples) for part in parts) < wanted:
        parts.append(next(prompts))
    samples = np.concatenate([part.samples for part in parts])
    whole = parts if len(samples) == wanted else parts[:-1]
    return Speech(samples[:wanted], " ".join(part.text for part in whole))


def write_batch(path: Path, stretches: Sequence[Speech]) -> None:
    """Write stretches of equal length; the second is halved, so that there is padding."""
    audio = np.stack([one.samples for one in stretches])
    lengths = np.full(len(audio), audio.shape[1])
    lengths[1] //= 2
    audio[1, lengths[1] :] = 0
    np.savez(path, audio=audio, lengths=lengths)


def make_pieces(folder: Path) -> Path:
    """Train a SentencePiece model on the texts of the prompts, with the names NeMo looks for."""
    folder.mkdir(parents=True, exist_ok=True)
    text = folder / "text.txt"
    lines = [
        json.loads(line)["text"]
        for file in sorted(PROMPTS.glob("*.jsonl"))
        for line in file.read_text(encoding="utf-8").splitlines()
    ]
    text.write_text("\n".join(lines), encoding="utf-8")
    sentencepiece.SentencePieceTrainer.train(
        input=str(text),
        model_prefix=str(folder / "tokenizer"),
        vocab_size=PIECES,
        model_type="bpe",
        bos_id=-1,
        eos_id=-1,
        minloglevel=2,
    )
    rows = (folder / "tokenizer.vocab").read_text(encoding="utf-8").splitlines()
    words = [row.split("\t")[0] for row in rows[1:]]  # the first stands for what is unknown
    (folder / "vocab.txt").write_text("\n".join(words) + "\n", encoding="utf-8")
    return folder / "tokenizer.model"


def make_with_nemo(name: str, nemo: Worker, material: Material, folder: Path) -> list[Path]:
    """Let NeMo make a model, and import it.

    Returns:
        our bundle, and NeMo's file.
    """
    theirs, ours = folder / f"{name}.nemo", folder / f"{name}.phono"
    nemo.call(
        "make",
        name=name,
        out=str(theirs),
        batch=str(material.batch),
        pieces=str(material.pieces.parent),
    )
    command = [program(), "import", str(theirs), str(ours), "--overwrite"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"phonograph import {theirs} failed:\n{done.stderr}")
    return [ours, theirs]


def make_from_recipe(name: str, material: Material, folder: Path) -> Path:
    """Build our own recipe of a model, with random weights."""
    import torch

    from phonograph.collections import default_registry
    from phonograph.collections.recipes import locate
    from phonograph.graphs.bundle import save_bundle
    from phonograph.graphs.check import load_graph
    from phonograph.graphs.model import build

    path, known_as = locate(f"phonograph://asr/{RECIPES[name]}")
    changes = [] if name == "quartznet-15x5" else [
        f"modules.data.with.tokenizer.model={material.pieces}"
    ]  # fmt: skip
    torch.manual_seed(0)
    graph = load_graph(path, changes, default_registry(), name=known_as)
    ours = folder / f"{name}.phono"
    save_bundle(ours, graph, build(graph).module.state_dict(), {"weights": "random"})
    return ours


def program() -> str:
    """Return the command `phonograph` of this environment."""
    return str(Path(sys.executable).with_name("phonograph"))
