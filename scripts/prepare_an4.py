#!/usr/bin/env python3
"""Make manifests and FLAC from CMU AN4, and set speakers aside.

    .venv/bin/python scripts/prepare_an4.py an4_sphere.tar.gz an4
    .venv/bin/python scripts/prepare_an4.py an4_raw.bigendian.tar.gz an4 --choose fash,mmap
    .venv/bin/python scripts/prepare_an4.py FOLDER an4

The archive, or the folder it was unpacked to, has AN4's public layout: `etc/an4_train.fileids`,
`etc/an4_train.transcription`, the same for `test`, and `wav/` with NIST SPHERE (.sph) or
headerless recordings (.raw, 16 bits, 16,000 Hz; which byte comes first is heard). A folder that
has train.jsonl instead, with a `speaker` in every line, and perhaps dev.jsonl and test.jsonl, is
only split.

OUT gets audio/ and train.jsonl, choose.jsonl, dev.jsonl and test.jsonl. The speakers of --choose
and --dev are taken out of train.
"""

from __future__ import annotations

import io
import json
import re
import sys
import tarfile
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
import soundfile

from phonograph.whole_file import whole_file, write_all

RATE = 16_000
CHOOSE = "fash,fnsv,mcrt,mgah,mmap,mscg2"
DEV = "fclc,ffmm,flmm2,fsaf2,mcen,meht,mjhp,msjm,mtcv"
PARTS = ("train", "choose", "dev", "test")
LARGEST_FILE = 20_000_000  # bytes
MOST_FILES = 20_000
IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
TRANSCRIPT = re.compile(r"(?P<text>.*)\((?P<id>[^()\s]+)\)\s*")


Row = dict[str, str | float]


class RefusedError(Exception):
    """What was given cannot be prepared; the text says why."""


@dataclass(frozen=True, slots=True)
class Source:
    """Files by name, in a folder or an archive; nothing is unpacked."""

    place: str
    names: frozenset[str]
    read: Callable[[str], bytes]


@dataclass(frozen=True, slots=True)
class Utterance:
    """A recording of the source and what is said in it."""

    name: str
    file: str
    text: str
    speaker: str


def main() -> None:
    """Read the arguments and make the folder."""
    parser = ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path, help="archive (.tar, .tar.gz) or folder")
    parser.add_argument("out", type=Path, help="folder to make")
    parser.add_argument("--choose", default=CHOOSE, help=f"to choose a model by ({CHOOSE})")
    parser.add_argument("--dev", default=DEV, help=f"to score it (default {DEV})")
    try:
        prepare(parser.parse_args())
    except (RefusedError, OSError) as refusal:
        sys.exit(f"prepare_an4: {refusal}")


def prepare(arguments: Namespace) -> None:
    """Write the audio, then the manifests."""
    aside = {"choose": listed(arguments.choose), "dev": listed(arguments.dev)}
    if arguments.source.resolve() == arguments.out.resolve():
        raise RefusedError(f"{arguments.out} would be overwritten: give another folder")
    with opened(arguments.source) as source:
        parts = split(read_parts(source), aside)
        (arguments.out / "audio").mkdir(parents=True, exist_ok=True)
        manifests = {}
        for part, utterances in parts.items():
            rows = []
            for number, utterance in enumerate(utterances, start=1):
                rows.append(write_audio(source, utterance, arguments.out))
                show(f"{part}: {number} of {len(utterances)}")
            manifests[arguments.out / f"{part}.jsonl"] = "".join(
                json.dumps(row, ensure_ascii=False) + "\n" for row in rows
            )
            seconds = sum(float(row["duration"]) for row in rows)
            speakers = len({utterance.speaker for utterance in utterances})
            clear()
            print(
                f"{part}: {len(rows)} recordings, {speakers} speakers, {seconds / 60:.1f} minutes"
            )
    write_all(manifests)


def listed(text: str) -> frozenset[str]:
    """Return the names between commas.

    >>> sorted(listed("a, b,"))
    ['a', 'b']
    """
    return frozenset(name.strip() for name in text.split(",") if name.strip())


@contextmanager
def opened(path: Path) -> Iterator[Source]:
    """Open a folder or an archive."""
    if path.is_dir():
        files = {file.relative_to(path).as_posix(): file for file in path.rglob("*")}
        yield Source(str(path), frozenset(files), lambda name: bounded(files[name]))
        return
    if not path.exists():
        raise RefusedError(f"{path} does not exist")
    try:
        with tarfile.open(path) as archive:
            yield archived(archive, str(path))
    except (tarfile.TarError, EOFError) as error:
        raise RefusedError(f"{path} is no whole tar archive: {error}") from None


def bounded(file: Path) -> bytes:
    """Read a file that is not too large."""
    if file.stat().st_size > LARGEST_FILE:
        raise RefusedError(f"{file} is above {LARGEST_FILE:,} bytes")
    return file.read_bytes()


def archived(archive: tarfile.TarFile, place: str) -> Source:
    """Index the plain files of an archive; links and devices are left out."""
    members: dict[str, tarfile.TarInfo] = {}
    for count, member in enumerate(archive, start=1):
        if count > MOST_FILES:
            raise RefusedError(f"{place} has more than {MOST_FILES:,} files")
        if member.isreg():
            members[PurePosixPath(member.name).as_posix()] = member

    def read(name: str) -> bytes:
        if members[name].size > LARGEST_FILE:
            raise RefusedError(f"{place}: {name} is above {LARGEST_FILE:,} bytes")
        file = archive.extractfile(members[name])
        return file.read() if file else b""

    return Source(place, frozenset(members), read)


def read_parts(source: Source) -> dict[str, list[Utterance]]:
    """Read the lists of either layout."""
    if "train.jsonl" in source.names:
        parts = {part: read_rows(source, f"{part}.jsonl") for part in ("train", "dev", "test")}
        return {part: found for part, found in parts.items() if found}
    lists = sorted(name for name in source.names if name.endswith("etc/an4_train.fileids"))
    if not lists:
        raise RefusedError(f"{source.place} has neither etc/an4_train.fileids nor train.jsonl")
    root = lists[0].removesuffix("etc/an4_train.fileids")
    return {part: read_lists(source, root, part) for part in ("train", "test")}


def lines(source: Source, name: str) -> list[str]:
    """Return the lines of a text file."""
    if name not in source.names:
        raise RefusedError(f"{source.place} has no {name}")
    try:
        return source.read(name).decode().splitlines()
    except UnicodeDecodeError:
        raise RefusedError(f"{source.place}: {name} is no UTF-8 text") from None


def read_rows(source: Source, name: str) -> list[Utterance]:
    """Read a manifest; one that is not there is empty."""
    found = []
    for number, line in enumerate(lines(source, name) if name in source.names else [], start=1):
        try:
            row = json.loads(line)
            file, text, speaker = (str(row[key]) for key in ("audio_filepath", "text", "speaker"))
        except (ValueError, KeyError, TypeError) as error:
            why = f"no `{error.args[0]}`" if isinstance(error, KeyError) else "no JSON mapping"
            raise RefusedError(f"{source.place}/{name}:{number}: {why}") from None
        where = f"{source.place}/{name}:{number}"
        found.append(Utterance(identified(Path(file).stem, where), file, text, speaker))
    return found


def read_lists(source: Source, root: str, part: str) -> list[Utterance]:
    """Read the two lists of AN4, line by line beside each other."""
    texts, list_name = {}, f"{root}etc/an4_{part}.transcription"
    for number, line in enumerate(lines(source, list_name), start=1):
        match = TRANSCRIPT.fullmatch(line)
        if line.strip() and match is None:
            where = f"{source.place}/{list_name}:{number}"
            raise RefusedError(f"{where}: expected `<s> TEXT </s> (UTTERANCE)`")
        if match:
            words = [word for word in match["text"].split() if word not in ("<s>", "</s>")]
            texts[match["id"]] = " ".join(words).lower()
    found, ids_name = [], f"{root}etc/an4_{part}.fileids"
    for number, line in enumerate(lines(source, ids_name), start=1):
        path, where = PurePosixPath(line.strip()), f"{source.place}/{ids_name}:{number}"
        if not path.name:
            continue
        if path.name not in texts:
            raise RefusedError(f"{where}: {path.name} has no line in {list_name}")
        files = [f"{root}wav/{path}.{ending}" for ending in ("sph", "raw")]
        file = next((file for file in files if file in source.names), files[0])
        name = identified(path.name, where)
        found.append(Utterance(name, file, texts[path.name], path.parent.name))
    return found


def identified(name: str, where: str) -> str:
    """Return a name that may become a file's."""
    if not IDENTIFIER.fullmatch(name):
        raise RefusedError(f"{where}: `{name}` cannot be a file name")
    return name


def split(
    parts: dict[str, list[Utterance]], aside: dict[str, frozenset[str]]
) -> dict[str, list[Utterance]]:
    """Take the speakers set aside out of train."""
    if both := aside["choose"] & aside["dev"]:
        raise RefusedError(f"both --choose and --dev name {', '.join(sorted(both))}")
    known = {utterance.speaker for utterance in parts.get("train", [])}
    has_dev = "dev" in parts
    for part, speakers in aside.items():
        unknown = speakers - known
        if unknown and not (part == "dev" and has_dev):
            names = ", ".join(sorted(unknown))
            raise RefusedError(f"--{part}: train has no speaker {names}; it has {sorted(known)}")
    result: dict[str, list[Utterance]] = {part: [] for part in PARTS}
    for part, utterances in parts.items():
        for utterance in utterances:
            places = [
                name for name in aside if part == "train" and utterance.speaker in aside[name]
            ]
            result[places[0] if places else part].append(utterance)
    if not result["train"]:
        raise RefusedError("no speaker is left in train")
    return {part: found for part, found in result.items() if found}


def write_audio(source: Source, utterance: Utterance, out: Path) -> Row:
    """Write a recording as FLAC; return its line."""
    samples = decode(source, utterance.file)
    file = f"audio/{utterance.name}.flac"
    with whole_file(out / file) as temporary:
        soundfile.write(temporary, samples, RATE, subtype="PCM_16", format="FLAC")
    return {
        "audio_filepath": file,
        "duration": round(len(samples) / RATE, 4),
        "text": utterance.text,
        "speaker": utterance.speaker,
    }


def decode(source: Source, file: str) -> np.ndarray:
    """Return the samples of a recording as float32."""
    if file not in source.names:
        raise RefusedError(f"{source.place} has no {file}")
    content = source.read(file)
    if file.endswith(".raw"):
        return smoother(content[: len(content) // 2 * 2])
    try:
        samples, rate = soundfile.read(io.BytesIO(content), dtype="float32")
    except soundfile.LibsndfileError as error:
        raise RefusedError(f"{source.place}: {file}: {error.error_string}") from None
    if rate != RATE or samples.ndim != 1:
        raise RefusedError(f"{source.place}: {file} is not mono at {RATE:,} Hz")
    return samples


def smoother(content: bytes) -> np.ndarray:
    """Return 16-bit samples in the byte order in which neighbours are closer to each other.

    >>> smoother(bytes([0, 1, 0, 2, 0, 1])) * 2**15
    array([1., 2., 1.], dtype=float32)
    """
    orders = [np.frombuffer(content, order).astype(np.float32) / 2**15 for order in ("<i2", ">i2")]
    return min(orders, key=lambda samples: float(np.abs(np.diff(samples)).sum()))


def show(text: str) -> None:
    """Show how far it is, where somebody watches."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def clear() -> None:
    """Take away what `show` left."""
    show("")


if __name__ == "__main__":
    main()
