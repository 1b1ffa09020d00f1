import io
import json
import tarfile

import numpy as np
import pytest
import soundfile

SPEAKERS = {"train": ("ann", "ben", "cat"), "test": ("dan",)}


def tone(speaker):
    """Half a second whose pitch belongs to the speaker."""
    times = np.arange(8000) / 16000
    samples = np.sin(2 * np.pi * (200 + 40 * len(speaker) + ord(speaker[0])) * times)
    return (samples * 9000).astype("<i2")


def sphere(samples):
    content = io.BytesIO()
    soundfile.write(content, samples, 16000, format="NIST", subtype="PCM_16")
    return content.getvalue()


ENCODINGS = {
    "sph": sphere,
    "raw-big": lambda samples: samples.astype(">i2").tobytes(),
    "raw-little": lambda samples: samples.tobytes(),
}


def layout(encoding="sph"):
    """Return the files of an AN4 of four speakers, path -> bytes."""
    ending, files = encoding.split("-")[0], {}
    for part, speakers in SPEAKERS.items():
        folder = "an4_clstk" if part == "train" else "an4test_clstk"
        ids, texts = [], []
        for speaker in speakers:
            name = f"an1-{speaker}-b"
            ids.append(f"{folder}/{speaker}/{name}\n")
            words = f"<s> YES {speaker.upper()} </s>" if part == "train" else "NO"
            texts.append(f"{words} ({name})\n")
            files[f"an4/wav/{folder}/{speaker}/{name}.{ending}"] = ENCODINGS[encoding](
                tone(speaker)
            )
        files[f"an4/etc/an4_{part}.fileids"] = "".join(ids).encode()
        files[f"an4/etc/an4_{part}.transcription"] = "".join(texts).encode()
    return files


def pack(path, files):
    with tarfile.open(path, "w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


def unpack(folder, files):
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


@pytest.fixture
def run(load_script, monkeypatch, tmp_path):
    script = load_script("prepare_an4")

    def run(source, *options, out=tmp_path / "out"):
        words = ["prepare_an4", source, out, "--choose", "ann", "--dev", "ben", *options]
        monkeypatch.setattr("sys.argv", [str(word) for word in words])
        script.main()
        return out

    return run


@pytest.fixture
def refusal(run):
    def refusal(*words):
        with pytest.raises(SystemExit) as stop:
            run(*words)
        return stop.value.code

    return refusal


def rows(out, part):
    return [json.loads(line) for line in (out / f"{part}.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("encoding", list(ENCODINGS))
@pytest.mark.parametrize("packed", [True, False])
def test_every_layout_gives_the_same_samples(run, tmp_path, encoding, packed):
    files = layout(encoding)
    source = pack(tmp_path / "a.tar.gz", files) if packed else unpack(tmp_path / "a", files)
    out = run(source)
    for part, speaker in (("train", "cat"), ("choose", "ann"), ("dev", "ben"), ("test", "dan")):
        row = rows(out, part)[0]
        samples, rate = soundfile.read(out / row["audio_filepath"], dtype="int16")
        assert rate == 16000
        assert np.array_equal(samples, tone(speaker))
        assert row == {
            "audio_filepath": f"audio/an1-{speaker}-b.flac",
            "duration": 0.5,
            "text": "no" if part == "test" else f"yes {speaker}",
            "speaker": speaker,
        }


def test_a_split_folder_keeps_its_dev_and_can_be_prepared_again(run, tmp_path):
    first = run(pack(tmp_path / "a.tar", layout()))
    with (first / "train.jsonl").open("a") as train:
        train.write((first / "choose.jsonl").read_text())
    options = ("--choose", "cat", "--dev", "")
    second = run(first, *options, out=tmp_path / "b")
    assert [row["speaker"] for row in rows(second, "train")] == ["ann"]
    assert [row["speaker"] for row in rows(second, "choose")] == ["cat"]
    assert rows(second, "dev") == rows(first, "dev")
    assert rows(second, "test") == rows(first, "test")


def test_nothing_is_written_outside_the_folder(run, refusal, tmp_path):
    files = layout()
    files["../../escaped"] = b"x"
    out = run(pack(tmp_path / "a.tar", files))
    assert {path.name for path in tmp_path.iterdir()} == {"a.tar", out.name}
    files["an4/etc/an4_train.fileids"] = b"an4_clstk/ann/..\n"
    files["an4/etc/an4_train.transcription"] = b"<s> YES </s> (..)\n"
    source = pack(tmp_path / "a.tar", files)
    assert refusal(source) == (
        f"prepare_an4: {source}/an4/etc/an4_train.fileids:1: `..` cannot be a file name"
    )


def test_links_are_not_followed(refusal, tmp_path):
    files = layout()
    del files["an4/wav/an4_clstk/cat/an1-cat-b.sph"]
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        link = tarfile.TarInfo("an4/wav/an4_clstk/cat/an1-cat-b.sph")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    assert refusal(path) == (f"prepare_an4: {path} has no an4/wav/an4_clstk/cat/an1-cat-b.sph")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            {"an4/etc/an4_train.transcription": b"YES\n"},
            "{source}/an4/etc/an4_train.transcription:1: expected `<s> TEXT </s> (UTTERANCE)`",
        ),
        (
            {"an4/etc/an4_train.transcription": b"YES (other)\n"},
            "{source}/an4/etc/an4_train.fileids:1: an1-ann-b has no line in"
            " an4/etc/an4_train.transcription",
        ),
        (
            {"an4/etc/an4_test.transcription": b"\xff"},
            "{source}: an4/etc/an4_test.transcription is no UTF-8 text",
        ),
        (
            {"an4/wav/an4_clstk/cat/an1-cat-b.sph": b"nothing"},
            "{source}: an4/wav/an4_clstk/cat/an1-cat-b.sph: Format not recognised.",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_line(refusal, tmp_path, change, told):
    source = pack(tmp_path / "a.tar", layout() | change)
    assert refusal(source) == f"prepare_an4: {told.format(source=source)}"


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--choose", "eve"), "--choose: train has no speaker eve; it has ['ann', 'ben', 'cat']"),
        (("--choose", "ben"), "both --choose and --dev name ben"),
        (("--choose", "ann,cat"), "no speaker is left in train"),
    ],
)
def test_options_that_do_not_fit_are_refused(refusal, tmp_path, options, told):
    source = pack(tmp_path / "a.tar", layout())
    assert refusal(source, *options) == f"prepare_an4: {told}"


def test_other_files_are_refused(refusal, tmp_path):
    (tmp_path / "a.tar").write_bytes(b"no archive")
    (tmp_path / "empty").mkdir()
    assert refusal(tmp_path / "none") == f"prepare_an4: {tmp_path / 'none'} does not exist"
    assert refusal(tmp_path / "a.tar").startswith(
        f"prepare_an4: {tmp_path / 'a.tar'} is no whole tar archive: "
    )
    assert refusal(tmp_path / "empty") == (
        f"prepare_an4: {tmp_path / 'empty'} has neither etc/an4_train.fileids nor train.jsonl"
    )
