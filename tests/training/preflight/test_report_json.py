"""The keys that programs read."""

import json

from phonograph.training.preflight.report_json import to_json


def test_the_keys_are_those_of_the_documentation(look, record, tone):
    found = to_json(look(train=[record(text="ü", id="x"), record()], test=[record()]))
    assert json.loads(json.dumps(found)) == found
    assert list(found) == [
        "ok", "errors", "warnings", "sample_rate", "batch_seconds", "frames", "left_open",
        "splits", "groups", "characters", "unknown", "shared_texts",
    ]  # fmt: skip
    assert (found["ok"], found["errors"], found["warnings"]) == (False, 1, 0)
    (group,) = found["groups"]
    assert list(group) == ["code", "severity", "title", "count", "findings"]
    finding = group["findings"][0]
    assert (finding["split"], finding["line"], finding["id"]) == ("train", 1, "x")
    assert found["splits"][0]["rates"] == {"16000": 2}
    assert found["splits"][0]["formats"] == {"wav": 2}
    assert found["shared_texts"] == [{"splits": ["train", "test"], "utterances": 1}]


def test_all_findings_of_a_group_are_there(look, record):
    found = to_json(look(train=[{**record(), "audio_filepath": f"{k}.wav"} for k in range(30)]))
    (group,) = found["groups"]
    assert (group["code"], group["count"], len(group["findings"])) == ("PD006", 30, 30)
