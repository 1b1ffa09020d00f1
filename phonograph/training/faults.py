"""The codes of everything that training can stumble over."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

CODES: Mapping[str, str] = MappingProxyType(
    {
        "PG060": "`train` names an unknown optimizer",
        "PG061": "the optimizer or the Trainer has no such argument",
        "PG062": "a value under `train` has the wrong type or range",
        "PG063": "an argument of the Trainer that is phonograph's own affair",
        "PG064": "a value that training needs is missing",
        "PG065": "`monitor` names a score that the `validate` view does not measure",
        "PT001": "the run directory belongs to another graph, or to something else",
        "PT002": "the run directory holds a training and no state to go on from",
        "PT003": "the graph cannot be trained: no `train` view, data layer, loss or free weight",
        "PT004": "the loss is not finite",
        "PT005": "Lightning or the optimizer refuses a setting",
        "PT006": "a view cannot be evaluated",
        "PT007": "a training process ended without a word",
        "PT008": "a batch does not fit into memory",
        "PT010": "the state of a training is damaged",
        "PT011": "the disk is full, or a file of the run directory cannot be written",
        "PT012": "a training cannot go on with this number of processes",
        "PT013": "a training cannot go on with other settings or data",
        "PT014": "another training is at work in the run directory",
        "PT020": "a training process gives no sign of life",
        "PT021": "a training process hangs, and the others wait for it",
        "PT022": "`fsdp2` cannot divide the weights of a part, or compute with them",
        "PT030": "a report is asked of a folder that is not a run directory",
        "PT031": "a report on data is asked of a training without a best bundle",
        "PT032": "a gradient is not finite, though the loss is",
        "PT033": "no batch that failed can be computed again",
    }
)
"""Stable codes; a code is never given a second meaning."""
