import copy
import inspect
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from phonograph.cli.schema import whole_schema
from phonograph.collections import default_registry
from phonograph.collections.recipes import locate, recipe_names
from phonograph.graphs.document import read_document
from phonograph.graphs.parameters import to_plain

SCHEMA = whole_schema()
VALIDATOR = Draft202012Validator(SCHEMA)

GRAPH: dict[str, Any] = {
    "phonograph": 1,
    "name": "small",
    "modules": {
        "data": {
            "module": "asr.manifest",
            "with": {
                "train": "train.jsonl",
                "sample_rate": 16000,
                "tokenizer": {"type": "characters", "alphabet": "ab "},
            },
        },
        "mel": {"module": "asr.log_mel", "from": "data.audio"},
        "encoder": {
            "module": "asr.conformer",
            "from": {"features": "mel.features"},
            "with": {"layers": "${vars.layers}", "block": {"heads": 2}},
        },
        "head": {"module": "asr.ctc_head", "from": "encoder.encoded", "with": {"vocab": "???"}},
        "loss": {
            "module": "asr.ctc_loss",
            "from": {"log_probs": "head.log_probs", "targets": "data.tokens"},
        },
    },
    "views": {"train": {"run": ["loss.loss"]}},
    "train": {"optimizer": {"lr": 1e-3}, "trainer": {"max_steps": 5}},
}


def changed(place, value):
    """Write a value at a place such as `modules.mel.with`."""
    graph = copy.deepcopy(GRAPH)
    *way, last = place.split("/")
    inner = graph
    for key in way:
        inner = inner.setdefault(key, {})
    inner[last] = value
    return graph


def test_the_schema_is_one():
    Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"


@pytest.mark.parametrize("name", recipe_names())
def test_every_shipped_recipe_is_accepted(name):
    path, title = locate(f"phonograph://{name}")
    faults = VALIDATOR.iter_errors(read_document(path, title).data)
    assert [fault.message for fault in faults] == []


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("extends", "phonograph://asr/quartznet-5x5"),
        ("extends", ["base.yaml", "more.yaml"]),
        ("expose", {"inputs": {"audio": "mel.audio"}, "outputs": {"encoded": "encoder.encoded"}}),
        ("modules/mel", None),
        ("modules/mel", {"module": "parts/front.yaml", "from": "data.audio", "with": {"n": 1}}),
        ("modules/mel", {"module": "phonograph://asr/front", "from": "data.audio"}),
        ("modules/mel/from", {"audio": ["data.audio", "other.audio"]}),
        ("modules/mel/from", ["data.audio", "other.audio"]),
        ("modules/twin", {"use": "mel", "from": "data.audio"}),
        ("modules/mel/version", 2),
        ("modules/mel/version", "${vars.version}"),
        ("modules/mel/module", "${vars.front}"),
        ("modules/mel/with", "${vars.settings}"),
        ("modules/mel", "${vars.mel}"),
        ("modules/group.mel", {"module": "asr.log_mel", "from": "data.audio"}),
        ("modules/twin", {"use": None, "module": "asr.log_mel", "version": None}),
        ("views/train/run", "${vars.outputs}"),
        ("views/train/split", "${vars.split}"),
        ("views/infer", "${views.train}"),
        ("views/validate/score", "${vars.score}"),
        ("init", "${vars.init}"),
        ("train", "${vars.train}"),
        ("train/optimizer", "${vars.optimizer}"),
        ("modules/mel/only", "train"),
        ("modules/encoder/with/subsampling", {"kind": "conv2d", "scale": True}),
        ("modules/encoder/with/subsampling", "conv1d"),
        ("views/infer", {"feed": ["data.audio"], "run": ["head.log_probs"]}),
        ("views/validate/score", {"wer": ["text.text", "data.text"]}),
        ("init", {"from": "???", "exclude": ["head"], "freeze": ["encoder"]}),
        ("train/optimizer", {"name": "sgd", "lr": 0.1, "momentum": 0.9}),
        ("train/trainer", {"max_time": "00:00:02:30", "devices": [0, 1]}),
    ],
    ids=str,
)
def test_what_the_language_has_is_accepted(place, value):
    assert [fault.message for fault in VALIDATOR.iter_errors(changed(place, value))] == []


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("phonograph", 2),
        ("module", {}),
        ("expose", {"ports": {}}),
        ("modules/mel/module", "asr.logmel"),
        ("modules/mel/kind", "asr.log_mel"),
        ("modules/mel/from", 3),
        ("modules/mel/from", {"sound": "data.audio"}),
        ("modules/mel/from", "data"),
        ("modules/mel/with", {"n_mel": 80}),
        ("modules/mel/with", {"n_mels": "80"}),
        ("modules/mel/with", {"n_mels": 0}),
        ("modules/mel/with", {"hop": 0}),
        ("modules/encoder/with", {"layers": 2.5}),
        ("modules/encoder/with", {"subsampling": "conv3d"}),
        ("modules/encoder/with", {"block": {"head": 4}}),
        ("modules/encoder/with", {"block": {"dropout": 1.5}}),
        ("modules/class", {"module": 3}),
        ("modules/two words", {"module": "asr.dither"}),
        ("views/train", ["loss.loss"]),
        ("views/train/runs", ["loss.loss"]),
        ("views/train/split", "dev"),
        ("views/validate/score", {"wer": ["text.text"]}),
        ("views/validate/score", {"bleu": ["text.text", "data.text"]}),
        ("init", {"checkpoint": "a.phono"}),
        ("train/optimizer", {"name": "adam2"}),
        ("train/optimizer", {"name": "sgd", "betas": [0.9, 0.99]}),
        ("train/optimizer", {"momentum": 0.9}),
        ("train/schedule", {"name": "cosine", "warm_up": 3}),
        ("train/trainer", {"max_step": 5}),
        ("train/trainer", {"callbacks": []}),
        ("train/threads", 0),
        ("train/epochs", 3),
    ],
    ids=str,
)
def test_what_the_language_does_not_have_is_refused(place, value):
    assert not VALIDATOR.is_valid(changed(place, value))


def test_a_file_without_modules_and_without_a_start_is_refused():
    assert VALIDATOR.is_valid(GRAPH)
    assert not VALIDATOR.is_valid({"phonograph": 1})
    assert VALIDATOR.is_valid({"phonograph": 1, "extends": "base.yaml"})


@pytest.mark.parametrize("id", default_registry().ids)
def test_every_default_fits_its_own_schema(id):
    declaration = default_registry().load(id)
    given = {
        name: to_plain(parameter.default)
        for name, parameter in declaration.parameters.items()
        if parameter.default is not inspect.Parameter.empty
        if parameter.default is not None
    }
    graph = changed("modules/it", {"module": id, "with": given})
    assert [fault.message for fault in VALIDATOR.iter_errors(graph)] == []


@pytest.mark.parametrize("id", default_registry().ids)
def test_every_parameter_is_described(id):
    described = SCHEMA["$defs"][f"with {id}"]["properties"]
    assert set(described) == set(default_registry().load(id).parameters)
    assert [name for name, schema in described.items() if not schema.get("description")] == []
