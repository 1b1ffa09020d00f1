"""What preflight found as plain data, with keys that stay."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from phonograph.training.preflight.finding import Finding, Group
from phonograph.training.preflight.preflight import Preflight
from phonograph.training.preflight.split_facts import SplitFacts


def to_json(found: Preflight) -> dict[str, Any]:
    """Return everything that was found, each finding of each group; docs/preflight.md has the keys.

    Args:
        found: what looking at all data gave.
    """
    demands = found.demands
    return {
        "ok": found.errors == 0,
        "errors": found.errors,
        "warnings": found.warnings,
        "sample_rate": demands.sample_rate,
        "batch_seconds": demands.batch_seconds,
        "frames": [{"loss": one.node, "term": str(one.extent)} for one in demands.limits],
        "left_open": list(demands.left_open),
        "splits": [_split(facts) for facts in found.splits],
        "groups": [_group(group) for group in found.groups],
        "characters": dict(found.characters),
        "unknown": [
            {
                "character": character,
                "count": unknown.count,
                "lines": unknown.lines,
                "places": list(unknown.places),
            }
            for character, unknown in found.unknown.items()
        ],
        "shared_texts": [
            {"splits": list(pair), "utterances": count}
            for pair, count in found.shared_texts.items()
        ],
    }


def _split(facts: SplitFacts) -> Mapping[str, Any]:
    return {
        "split": facts.split,
        "manifests": list(facts.manifests),
        "lines": facts.lines,
        "utterances": facts.utterances,
        "seconds": facts.seconds,
        "shortest": facts.shortest,
        "median": facts.median,
        "longest": facts.longest,
        "characters": facts.characters,
        "tokens": facts.tokens,
        "speakers": facts.speakers,
        "rates": {str(rate): count for rate, count in facts.rates.items()},
        "formats": dict(facts.formats),
    }


def _group(group: Group) -> Mapping[str, Any]:
    return {
        "code": group.code,
        "severity": group.severity,
        "title": group.title,
        "count": len(group.findings),
        "findings": [_finding(finding) for finding in group.findings],
    }


def _finding(finding: Finding) -> Mapping[str, Any]:
    fault, utterance = finding.fault, finding.utterance
    return {
        "split": finding.split,
        "file": fault.place.file if fault.place else None,
        "line": fault.place.line if fault.place else None,
        "column": fault.place.column if fault.place else None,
        "id": utterance.id if utterance else None,
        "message": fault.message,
        "causes": list(fault.causes),
        "help": fault.help,
        "text": utterance.text if utterance else None,
    }
