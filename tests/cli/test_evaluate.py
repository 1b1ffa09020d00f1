import json
import re
from pathlib import Path

import pytest


def test_rates_are_given_with_counts(run, bundle, manifests):
    done = run("evaluate", bundle, "validation.jsonl")
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert lines[0].startswith("wer ")
    assert " errors in 4 words: " in lines[0]
    assert " errors in 7 characters: " in lines[1]
    assert lines[2].startswith("loss ")
    assert lines[3].startswith("3 utterances, 0.0 min of audio in ")


def test_the_worst_utterances_are_aligned_worst_first(run, bundle, manifests):
    text = run("evaluate", bundle, "validation.jsonl", "--show", "2").stdout
    assert text.count("said:") == text.count("heard:") == 2
    errors = [int(count) for count in re.findall(r"(?m)^\d: (\d+) error", text)]
    assert len(errors) == 2
    assert errors == sorted(errors, reverse=True)


def test_none_are_shown_on_request(run, bundle, manifests):
    assert "said:" not in run("evaluate", bundle, "validation.jsonl", "--show", "0").stdout


def test_json_has_every_utterance_and_the_rates(run, bundle, manifests):
    told = json.loads(run("evaluate", bundle, "validation.jsonl", "--json").stdout)
    counts = told["scores"]["wer"]
    errors = counts["substitutions"] + counts["insertions"] + counts["deletions"]
    assert counts["rate"] == pytest.approx(errors / counts["reference"])
    assert sorted(one["reference"] for one in told["utterances"]) == ["a b", "ab", "ba"]
    assert told["audio_seconds"] == pytest.approx(1.8)


def test_an_unknown_view_is_at_fault(run, bundle, manifests):
    done = run("evaluate", bundle, "validation.jsonl", "--view", "test")
    assert done.exit_code == 1
    assert "error[PG043]: the graph has no view `test`" in done.stderr


def test_a_missing_manifest_is_at_fault(run, bundle):
    done = run("evaluate", bundle, "missing.jsonl")
    assert done.exit_code == 1
    assert "missing.jsonl" in done.stderr


def test_without_a_manifest_the_usage_is_wrong(run, bundle):
    assert run("evaluate", bundle).exit_code == 2


def test_fewer_digits_change_the_loss_a_little(run, bundle, manifests):
    exact, short = (
        json.loads(
            run("evaluate", bundle, "validation.jsonl", "--json", "--precision", precision).stdout
        )["loss"]
        for precision in ("float32", "bf16")
    )
    assert exact != short
    assert exact == pytest.approx(short, rel=0.1)


def _speakers_of_everybody(names):
    path = Path("validation.jsonl")
    lines = path.read_text(encoding="utf-8").splitlines()
    told = [json.loads(line) for line in lines + lines]
    for number, (line, name) in enumerate(zip(told, names, strict=True)):
        line["speaker"] = name
        line["id"] = str(number)
    path.write_text("".join(json.dumps(line) + "\n" for line in told), encoding="utf-8")


def test_rates_have_an_interval(run, bundle, manifests):
    told = json.loads(run("evaluate", bundle, "validation.jsonl", "--json").stdout)
    found = told["scores"]["wer"]
    assert found["interval"]["low"] <= found["rate"] <= found["interval"]["high"]
    assert found["interval"]["over"] == "utterances"
    first = run("evaluate", bundle, "validation.jsonl").stdout.splitlines()[0]
    assert re.match(r"wer +\d+\.\d\d % \(95 % over utterances: \d+\.\d\d to \d+\.\d\d %\)", first)


def test_five_speakers_make_the_interval_and_can_be_listed(run, bundle, manifests):
    _speakers_of_everybody("abcdee")
    text = run("evaluate", bundle, "validation.jsonl", "--speakers").stdout
    assert "95 % over speakers" in text
    assert "wer by speaker, worst first:" in text
    told = json.loads(run("evaluate", bundle, "validation.jsonl", "--json").stdout)
    assert sorted(told["scores"]["wer"]["speakers"]) == list("abcde")
    assert [one["over"] for one in told["scores"]["wer"]["intervals"]] == ["utterances", "speakers"]


def test_without_speakers_that_is_said(run, bundle, manifests):
    text = run("evaluate", bundle, "validation.jsonl", "--speakers").stdout
    assert text.endswith("no line of the manifest has a `speaker`\n")


def test_a_page_shows_the_errors_and_when_tokens_were_heard(run, bundle, manifests, here):
    done = run("evaluate", bundle, "validation.jsonl", "--page", "errors.html")
    assert done.exit_code == 0
    text = (here / "errors.html").read_text(encoding="utf-8")
    assert "<h1>small: what was heard</h1>" in text
    assert text.count('<figure class="alignment">') == 2
    assert text.count("<audio") == 3
