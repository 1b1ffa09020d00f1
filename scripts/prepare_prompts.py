#!/usr/bin/env python3
"""Make the shipped speech again from the two Debian packages of Asterisk prompts.

    sudo apt-get install asterisk-core-sounds-en asterisk-core-sounds-en-g722 ffmpeg
    .venv/bin/python scripts/prepare_prompts.py

Elsewhere fetch the two .deb files from https://packages.debian.org and add `--deb FOLDER`.

The manifests in the folder say which prompts are used, what is spoken ("press one" for Debian's
"press 1"), and which are for testing. They are held against Debian's texts; the audio is encoded as
Ogg Opus, 40 texts of the rest go to validation, and exact durations are written.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from pathlib import Path

import soundfile

ROOT = Path(__file__).resolve().parent.parent
PROMPTS = ROOT / "phonograph/collections/asr/recipes/prompts"
TEXTS = "usr/share/doc/asterisk-core-sounds-en/core-sounds-en.txt.gz"
SOUNDS = "usr/share/asterisk/sounds/en_US_f_Allison"
VALIDATION_TEXTS = 40
VALIDATION_WORDS = range(2, 7)
LARGEST_TOTAL = 6_000_000  # bytes of audio and manifests
RATE = 16_000
# The highest bit rate that stays below LARGEST_TOTAL; packets of 60 ms save a little. At this size
# Opus keeps the log-mel spectrogram better than Vorbis, which spends 3 kB a file on its tables.
OPUS = ["-c:a", "libopus", "-b:a", "34k", "-frame_duration", "60", "-application", "audio"]
REPEATABLE = ["-map_metadata", "-1", "-fflags", "+bitexact", "-flags:a", "+bitexact"]

Row = dict[str, str | float]


def main() -> None:
    """Read the arguments and make the folder."""
    parser = ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("--deb", type=Path, help="folder with the two .deb files (default: /)")
    parser.add_argument("--out", type=Path, default=PROMPTS, help="folder with the manifests")
    arguments = parser.parse_args()
    if shutil.which("ffmpeg") is None:
        sys.exit("ffmpeg is missing; it decodes G.722: https://ffmpeg.org/download.html")
    with tempfile.TemporaryDirectory() as temporary:
        root = Path("/")
        if arguments.deb:
            root = Path(temporary)
            unpack(arguments.deb, root)
        prepare(root, arguments.out)


def prepare(root: Path, out: Path) -> None:
    """Encode the audio under `root` and rewrite the manifests and audio of `out`."""
    test = read_manifest(out / "test.jsonl")
    pool = read_manifest(out / "train.jsonl") + read_manifest(out / "validation.jsonl")
    texts = read_texts(root / TEXTS)
    (out / "audio").mkdir(exist_ok=True)
    for row in test + pool:
        name = Path(str(row["audio_filepath"])).stem
        prompt, text = texts[name]
        if row["text_raw"] != text:
            sys.exit(f"{name}: Debian has {text!r}, the manifest has {row['text_raw']!r}")
        row["audio_filepath"] = f"audio/{name}.ogg"
        encode(root / SOUNDS / f"{prompt}.g722", out / "audio" / f"{name}.ogg")
        row["duration"] = duration(out / "audio" / f"{name}.ogg")
    chosen = validation_texts(pool)
    write_manifest(out / "test.jsonl", test)
    write_manifest(out / "train.jsonl", [row for row in pool if row["text"] not in chosen])
    write_manifest(out / "validation.jsonl", [row for row in pool if row["text"] in chosen])
    total = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    print(f"{len(test + pool)} prompts, {total:,} bytes in {out}")
    if total >= LARGEST_TOTAL:
        sys.exit(f"that is over {LARGEST_TOTAL:,} bytes: lower the bit rate in OPUS")


def validation_texts(pool: list[Row]) -> set[str]:
    """Choose, among the texts of two to six words, those whose SHA-256 comes first.

    A text goes with all its recordings, so that no validation text is trained on. Texts of one word
    are left in train: one letter wrong in them would be a word error rate of 100 %. Long ones are
    left there too: there are few, and most words are learnt from them.
    """
    texts = {str(row["text"]) for row in pool}
    texts = {text for text in texts if len(text.split()) in VALIDATION_WORDS}
    ordered = sorted(texts, key=lambda text: hashlib.sha256(text.encode()).hexdigest())
    return set(ordered[:VALIDATION_TEXTS])


def read_texts(path: Path) -> dict[str, tuple[str, str]]:
    """Read Debian's `prompt: text` lines as {file name: (prompt, text)}."""
    if not path.is_file():
        sys.exit(f"{path} is missing: install the two packages named in --help, or give --deb")
    texts = {}
    for line in gzip.decompress(path.read_bytes()).decode().splitlines():
        prompt, colon, text = line.partition(":")
        if colon and not line.startswith(";"):
            texts[prompt.strip().replace("/", "_")] = (prompt.strip(), text.strip())
    return texts


def encode(source: Path, target: Path) -> None:
    """Decode G.722 and write 16 kHz mono Ogg Opus; the same input gives the same bytes."""
    command = ["ffmpeg", "-v", "error", "-y", "-f", "g722", "-i", str(source)]
    subprocess.run([*command, *REPEATABLE, *OPUS, str(target)], check=True)


def duration(path: Path) -> float:
    """Count the samples that soundfile decodes, in seconds (16,000ths have seven decimals)."""
    samples, rate = soundfile.read(path)
    if rate != RATE or samples.ndim != 1:
        sys.exit(f"{path}: {rate} Hz, shape {samples.shape}; expected {RATE} Hz mono")
    return round(len(samples) / RATE, 7)


def read_manifest(path: Path) -> list[Row]:
    """Read a JSON-lines manifest; one that does not exist yet is empty."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def write_manifest(path: Path, rows: list[Row]) -> None:
    """Write rows as JSON lines in the order of their audio names."""
    ordered = sorted(rows, key=lambda row: str(row["audio_filepath"]))
    lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in ordered]
    path.write_text("".join(lines), encoding="utf-8", newline="\n")


def unpack(folder: Path, target: Path) -> None:
    """Unpack every .deb of `folder` (an `ar` archive that holds `data.tar.*`) into `target`."""
    for package in folder.glob("asterisk-core-sounds-en*.deb"):
        content, position = package.read_bytes(), len("!<arch>\n")
        while position < len(content):
            header = content[position : position + 60]
            size, start = int(header[48:58]), position + 60
            if header.startswith(b"data.tar"):
                with tarfile.open(fileobj=io.BytesIO(content[start : start + size])) as archive:
                    archive.extractall(target, filter="data")
            position = start + size + size % 2


if __name__ == "__main__":
    main()
