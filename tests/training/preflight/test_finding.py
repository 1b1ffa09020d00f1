"""Findings in groups."""

from phonograph.errors import Diagnostic, Place
from phonograph.training.preflight.finding import Finding, grouped


def at(code, split, line):
    return Finding(Diagnostic(code, "no", Place(f"{split}.jsonl", line)), split)


def test_groups_are_in_order_and_so_are_their_findings():
    found = [at("PD036", "train", 1), at("PD011", "test", 1), at("PD011", "train", 10)]
    groups = grouped([*found, at("PD011", "train", 9)])
    assert [(group.code, group.severity) for group in groups] == [
        ("PD011", "error"),
        ("PD036", "warning"),
    ]
    places = [finding.place for finding in groups[0].findings]
    assert places == ["train.jsonl:9", "train.jsonl:10", "test.jsonl:1"]
