import io
import json

import numpy as np
import soundfile


def test_one_recording_gives_its_text_alone(run, bundle, record):
    done = run("transcribe", bundle, str(record("a.wav")))
    assert (done.exit_code, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == 1
    assert "a.wav" not in done.stdout


def test_several_give_path_and_text_in_the_order_given(run, bundle, record):
    names = [str(record(f"{n}.wav", seconds=s)) for n, s in (("b", 0.3), ("a", 0.9), ("c", 0.6))]
    lines = run("transcribe", bundle, *names).stdout.splitlines()
    assert [line.split("\t")[0] for line in lines] == names


def test_a_recording_has_the_same_text_alone_and_among_others(run, bundle, record):
    names = [str(record(f"{n}.wav", seconds=0.3 * (n + 1))) for n in range(3)]
    together = run("transcribe", bundle, *names).stdout.splitlines()
    alone = [run("transcribe", bundle, name).stdout.rstrip("\n") for name in names]
    assert any(alone)
    assert [line.split("\t")[1] for line in together] == alone


def test_folders_are_searched_for_audio_in_sorted_order(run, bundle, record):
    for name in ("in/b.wav", "in/deep/a.flac", "in/a.wav", "in/._a.wav"):
        record(name)
    with open("in/notes.txt", "w", encoding="utf-8") as file:  # noqa: PTH123
        file.write("no audio")
    lines = run("transcribe", bundle, "in").stdout.splitlines()
    assert [line.split("\t")[0] for line in lines] == ["in/a.wav", "in/b.wav", "in/deep/a.flac"]


def test_any_rate_and_channels_will_do_and_it_is_said(run, bundle, record):
    done = run("transcribe", bundle, str(record("a.wav", rate=16000, channels=2)))
    assert done.exit_code == 0
    assert done.stderr == (
        "note: a.wav: mixed 2 channels to mono\nnote: a.wav: resampled from 16000 to 8000 Hz\n"
    )


def test_the_same_note_on_many_recordings_is_given_once(run, bundle, record):
    names = [str(record(f"{n}.wav", rate=16000)) for n in range(3)]
    done = run("transcribe", bundle, *names)
    assert done.stderr == "note: 3 recordings: resampled from 16000 to 8000 Hz\n"


def test_a_bad_recording_does_not_stop_the_others(run, bundle, record):
    with open("bad.m4a", "wb") as file:  # noqa: PTH123
        file.write(b"not audio at all" * 100)
    names = [str(record("a.wav")), "bad.m4a", "missing.wav", str(record("b.wav"))]
    done = run("transcribe", bundle, *names)
    assert done.exit_code == 1
    assert [line.split("\t")[0] for line in done.stdout.splitlines()] == ["a.wav", "b.wav"]
    assert "ffmpeg -i bad.m4a -ac 1 -ar 8000 bad-8000.flac" in done.stderr
    assert "missing.wav" in done.stderr


def test_standard_input_is_read(run, bundle):
    content = io.BytesIO()
    soundfile.write(content, np.zeros(4000), 8000, format="wav")
    assert run("transcribe", bundle, "-", stdin=content.getvalue()).exit_code == 0


def test_standard_input_that_is_no_audio_is_told_with_the_ffmpeg_line(run, bundle):
    done = run("transcribe", bundle, "-", stdin=b"some text")
    assert done.exit_code == 1
    assert "ffmpeg -i - -ac 1 -ar 8000 -f wav -" in done.stderr


def test_json_has_words_with_times(run, bundle, record):
    done = run("transcribe", bundle, str(record("a.wav", seconds=1.0)), "--json")
    [heard] = json.loads(done.stdout)
    assert (heard["path"], heard["duration"]) == ("a.wav", 1.0)
    assert heard["words"]
    assert " ".join(word["word"] for word in heard["words"]) == heard["text"]
    assert all(0 <= word["start"] < word["end"] <= 1.1 for word in heard["words"])


def test_words_are_shown_below_the_text(run, bundle, record):
    name = str(record("a.wav", seconds=1.0))
    [heard] = json.loads(run("transcribe", bundle, name, "--json").stdout)
    lines = run("transcribe", bundle, name, "--words").stdout.splitlines()
    assert lines[0] == heard["text"]
    assert [line.split()[3] for line in lines[1:]] == [word["word"] for word in heard["words"]]


def test_an_empty_folder_is_at_fault(run, bundle, here):
    (here / "empty").mkdir()
    done = run("transcribe", bundle, "empty")
    assert done.exit_code == 1
    assert done.stderr == ("error[PC002]: the folder `empty` has no audio files\n  --> empty\n")


def test_a_missing_bundle_is_at_fault(run, record):
    done = run("transcribe", "missing.phono", str(record("a.wav")))
    assert done.exit_code == 1
    assert "missing.phono" in done.stderr


def test_a_device_that_is_none_is_wrong_usage(run, bundle):
    done = run("transcribe", bundle, "a.wav", "--device", "gpu")
    assert done.exit_code == 2
    assert "`gpu` is no device; write auto, cpu, cuda, cuda:1 or mps" in done.stderr


def test_fewer_digits_change_confidences_a_little(run, bundle, record):
    name = str(record("a.wav", seconds=0.6))
    exact, short = (
        json.loads(run("transcribe", bundle, name, "--json", "--precision", precision).stdout)
        for precision in ("float32", "bf16")
    )
    assert exact[0]["score"] != short[0]["score"]
    assert abs(exact[0]["score"] - short[0]["score"]) < 0.1 * abs(exact[0]["score"])


def test_an_unknown_precision_is_wrong_usage(run, bundle):
    done = run("transcribe", bundle, "a.wav", "--precision", "half")
    assert done.exit_code == 2
    assert "float32" in done.stderr
