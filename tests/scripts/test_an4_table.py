import json

import pytest

WER = {
    "rate": 0.5,
    "intervals": [
        {"low": 0.3, "high": 0.6, "over": "utterances"},
        {"low": 0.25, "high": 0.75, "over": "speakers"},
    ],
}


@pytest.fixture
def script(load_script):
    return load_script("an4_table")


@pytest.fixture
def calls(script, monkeypatch):
    """Commands that were run; none is."""
    seen = []

    def phonograph(output, *words):
        seen.append(words)
        output.write_text(json.dumps({"scores": {"wer": WER}}))

    monkeypatch.setattr(script, "phonograph", phonograph)
    return seen


def test_the_interval_is_the_one_over_speakers(script):
    score = script.read_score(script.Job("an4", 3, None), {"scores": {"wer": WER}}, 90.0)
    assert score == script.Score("an4", 3, 50.0, 25.0, 75.0, 90.0)


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_the_second_phase_starts_from_the_first_of_its_seed(
    script, calls, tmp_path, monkeypatch, jobs
):
    out = tmp_path / "out"
    words = [str(tmp_path), str(out), "--hama", "hama.phono", "--seeds", "3,4", "--jobs", jobs]
    monkeypatch.setattr("sys.argv", ["an4_table", *words])
    script.main()
    starts = [word for command in calls for word in command if word.startswith("init.from=")]
    second = sorted(start.rpartition("/out/")[2] for start in starts if "/out/" in start)
    assert second == ["an4-hama-3/best.phono", "an4-hama-4/best.phono"]
    assert [command[0] for command in calls].count("evaluate") == 6
    table = json.loads((out / "table.json").read_text())
    recipes = ("an4", "an4-hama", "an4-hama-unfrozen")
    found = [(score["recipe"], score["seed"]) for score in table]
    assert found == [(recipe, seed) for recipe in recipes for seed in (3, 4)]


def test_what_is_finished_is_not_done_again(script, calls, tmp_path, monkeypatch):
    out = tmp_path / "out"
    monkeypatch.setattr("sys.argv", ["an4_table", str(tmp_path), str(out), "--seeds", "3"])
    script.main()
    assert [command[0] for command in calls] == ["train", "evaluate"]
    (out / "an4-3.json").unlink()
    script.main()
    script.main()
    assert [command[0] for command in calls] == ["train", "evaluate", "evaluate"]
    assert (out / "table.md").read_text().startswith("| recipe | seed | dev WER | 95 % interval")
