import json

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

COUNTS = st.lists(st.tuples(st.integers(0, 9), st.integers(1, 9)), min_size=1, max_size=9)


def test_the_rate_lies_in_its_interval_and_is_that_of_all_words(load_script):
    script = load_script("an4_table")

    @given(COUNTS)
    def holds(counts):
        wer, low, high = script.interval(np.array(counts))
        assert low <= wer + 1e-9
        assert wer <= high + 1e-9
        assert wer == 100 * sum(wrong for wrong, _ in counts) / sum(words for _, words in counts)

    holds()


def test_errors_are_counted_by_speaker(load_script, tmp_path):
    script = load_script("an4_table")
    rows = [("a/one.flac", "ann"), ("a/two.flac", "ben"), ("a/three.flac", "ann")]
    lines = [json.dumps({"audio_filepath": path, "speaker": name}) for path, name in rows]
    (tmp_path / "dev.jsonl").write_text("\n".join(lines) + "\n")
    heard = [("a/one", "a b", "a"), ("a/two", "a", "a"), ("a/three", "c", "d e")]
    keys = ("id", "reference", "hypothesis")
    utterances = [dict(zip(keys, values, strict=True)) for values in heard]
    counts = script.speaker_counts({"utterances": utterances}, tmp_path / "dev.jsonl")
    assert counts.tolist() == [[3, 3], [0, 1]]


def test_what_is_finished_is_not_done_again(load_script, tmp_path, monkeypatch):
    script = load_script("an4_table")
    data, out, calls = tmp_path / "data", tmp_path / "out", []
    data.mkdir()
    row = {"audio_filepath": "audio/a.flac", "speaker": "ann"}
    (data / "dev.jsonl").write_text(json.dumps(row) + "\n")
    heard = {"utterances": [{"id": "audio/a", "reference": "a b", "hypothesis": "a"}]}

    def phonograph(*words, keep=False):
        calls.append(words[0])
        return json.dumps(heard) if keep else ""

    monkeypatch.setattr(script, "phonograph", phonograph)
    words = ["an4_table", str(data), str(out), "--hama", "hama.phono", "--seeds", "3"]
    monkeypatch.setattr("sys.argv", words)
    script.main()
    assert calls == ["train", "evaluate"] * 3
    (out / "an4-hama-unfrozen-3.json").unlink()
    script.main()
    assert calls == ["train", "evaluate"] * 3 + ["evaluate"]
    table = json.loads((out / "table.json").read_text())
    assert [(score["recipe"], score["seed"], score["wer"]) for score in table] == [
        ("an4", 3, 50.0),
        ("an4-hama", 3, 50.0),
        ("an4-hama-unfrozen", 3, 50.0),
    ]
