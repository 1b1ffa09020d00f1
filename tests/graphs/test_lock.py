import json
import random

import pytest
import yaml

from phonograph.graphs.check import check_document
from phonograph.graphs.lock import fingerprint, read_lock, to_lock
from phonograph.graphs.parameters import to_plain
from phonograph.graphs.spec import PortName

GRAPH = {
    "phonograph": 1,
    "name": "tiny",
    "vars": {"mels": 8},
    "modules": {
        "data": {
            "module": "asr.manifest",
            "with": {
                "sample_rate": 16000,
                "tokenizer": {"type": "characters", "alphabet": "ab "},
            },
        },
        "mel": {"module": "asr.log_mel", "from": "data.audio", "with": {"n_mels": "${vars.mels}"}},
        "augment": {"module": "asr.spec_augment", "from": "mel.features", "only": "train"},
        "encoder": {
            "module": "asr.conformer",
            "from": "augment.features",
            "with": {"d_model": 8, "layers": 1, "block": {"heads": 2, "kernel": 3}},
        },
        "again": {"use": "encoder", "from": "mel.features"},
        "head": {"module": "asr.ctc_head", "from": "encoder.encoded"},
        "loss": {
            "module": "asr.ctc_loss",
            "from": {"log_probs": "head.log_probs", "targets": "data.tokens"},
        },
        "text": {"module": "asr.ctc_greedy", "from": "head.log_probs"},
    },
    "views": {
        "train": {"run": ["loss.loss", "again.encoded"]},
        "validate": {"run": ["loss.loss"], "score": {"wer": ["text.text", "data.text"]}},
        "infer": {"feed": ["data.audio"], "run": ["text.text"]},
    },
}


def bytes_of(graph):
    return json.dumps(to_lock(graph), indent=1, ensure_ascii=False)


@pytest.fixture
def check(check_files, registry):
    def check_registered(files, *overrides, top="top.yaml"):
        checked = check_files(files, *overrides, top=top, registry=registry)
        assert checked.faults == ()
        return checked.graph

    return check_registered


def spelt_out(dice, graph, data):
    """Write some of what follows by itself: defaults, solved sizes, wires of lengths, splits."""
    data = json.loads(json.dumps(data))
    for name, node in data["modules"].items():
        solved = graph.nodes[name]
        if "use" not in node:
            for key, value in solved.parameters.items():
                plain = to_plain(value)
                if plain is not None and dice.random() < 0.5:
                    node.setdefault("with", {})[key] = whole_as_it_may_be(dice, plain)
        if dice.random() < 0.3 and "use" not in node:
            node["version"] = solved.declaration.registration.version
        wires = {port: str(graph.wiring.source_of(PortName(name, port))) for port in solved.inputs}
        written = node.get("from")
        if wires and dice.random() < 0.7:
            named = dict(written) if isinstance(written, dict) else {}
            fits = wires if not named else {k: v for k, v in wires.items() if k not in named}
            extra = {k: v for k, v in fits.items() if dice.random() < 0.5}
            first = {k: v for k, v in wires.items() if v == written}
            node["from"] = {**first, **named, **extra}
    views = data["views"]
    if dice.random() < 0.5:
        views["train"]["split"], views["validate"]["split"] = "train", "validation"
    if dice.random() < 0.5:
        views["infer"]["feed"] = dice.choice(
            [["data.audio", "data.audio_lengths"], ["data.audio_lengths", "data.audio"]]
        )
    return data


def whole_as_it_may_be(dice, value):
    """Write a number as 1 that would be 1.0."""
    match value:
        case float() if value.is_integer() and dice.random() < 0.7:
            return int(value)
        case dict():
            return {key: whole_as_it_may_be(dice, inner) for key, inner in value.items()}
        case list():
            return [whole_as_it_may_be(dice, inner) for inner in value]
    return value


@pytest.mark.parametrize("seed", range(12))
def test_the_same_meaning_gives_the_same_bytes(seed, check, toys):
    dice = random.Random(seed)
    plain = check({"plain.yaml": GRAPH}, top="plain.yaml")
    data = toys.shuffled(dice, spelt_out(dice, plain, GRAPH))
    style = dice.choice([True, False, None])
    text = yaml.safe_dump(data, default_flow_style=style, sort_keys=False, allow_unicode=True)
    again = check({"top.yaml": text})
    assert bytes_of(again) == bytes_of(plain)
    assert fingerprint(to_lock(again)) == fingerprint(to_lock(plain))


@pytest.mark.parametrize("seed", range(4))
def test_overrides_and_extends_give_the_bytes_of_what_is_written(seed, check, toys):
    dice = random.Random(seed)
    changed = json.loads(json.dumps(GRAPH))
    changed["vars"]["mels"] = 12
    changed["modules"]["encoder"]["with"]["block"]["kernel"] = 5
    changed["modules"]["augment"]["with"] = {"time_masks": 3}
    plain = check({"plain.yaml": changed}, top="plain.yaml")
    settings = ["vars.mels=12", "modules.encoder.with.block.kernel=5"]
    settings += ["modules.augment.with.time_masks=3"]
    dice.shuffle(settings)
    base = toys.shuffled(dice, GRAPH)
    top = {
        "phonograph": 1,
        "extends": "base.yaml",
        "vars": {"mels": 12},
        "modules": {
            "augment": {"with": {"time_masks": 3}},
            "encoder": {"with": {"block": {"kernel": 5}}},
        },
    }
    overridden = check(
        {"base.yaml": base, "top.yaml": toys.shuffled(dice, top)}, *settings, top="base.yaml"
    )
    extended = check({}, top="top.yaml")
    assert bytes_of(overridden) == bytes_of(extended) == bytes_of(plain)


@pytest.mark.parametrize("seed", range(8))
def test_toys_in_any_order_give_the_same_bytes(seed, check_files, toys):
    dice = random.Random(seed)
    data = toys.random_graph(dice)
    one = check_files({"top.yaml": data}).graph
    other = check_files({"top.yaml": toys.shuffled(dice, data)}).graph
    assert bytes_of(one) == bytes_of(other)


OWN = "{module: asr.conv_encoder, from: mel.features, with: {blocks: [{filters: 8, kernel: 3}]}}"
CHANGES = [
    "name=other",
    "modules.mel.with.hop=0.02",
    "modules.mel.with.n_mels=9",
    "modules.encoder.with.block.kernel=5",
    "modules.encoder.from=mel.features",
    "modules.augment.only=",
    "modules.again=",
    f"modules.again={OWN}",
    "modules.data.with.tokenizer.alphabet='ba '",
    "views.infer.run=[text.hypotheses]",
    "views.validate.split=test",
    "views.validate.score=",
    "views.more={run: [head.log_probs]}",
]


def test_another_meaning_gives_another_fingerprint(check):
    found = {}
    for change in [None, *CHANGES]:
        overrides = [change] if change else []
        if change == "modules.again=":
            overrides.append("views.train.run=[loss.loss]")
        elif change == f"modules.again={OWN}":
            overrides.append("init={from: a.phono, freeze: [again]}")  # no loss depends on it
        found[change] = fingerprint(to_lock(check({"top.yaml": GRAPH}, *overrides)))
    assert len(set(found.values())) == len(found)


def test_a_lock_is_plain_data_that_json_gives_back(check):
    lock = to_lock(check({"top.yaml": GRAPH}))
    assert json.loads(json.dumps(lock)) == lock


def test_a_lock_loads_back_to_the_same_lock(tiny, registry):
    lock = json.loads(json.dumps(to_lock(tiny())))
    checked = check_document(read_lock(lock, "lock"), registry)
    assert checked.graph is not None
    assert to_lock(checked.graph) == lock


@pytest.mark.parametrize("seed", range(8))
def test_a_lock_of_toys_loads_back_to_the_same_bytes(seed, check_files, toys):
    dice = random.Random(seed)
    flat = toys.random_graph(dice)
    expose = {"outputs": {"out": flat["views"]["infer"]["run"][0]}}
    top, part = toys.grouped(dice, {"modules": flat["modules"], "expose": expose}, "group")
    view = {"feed": ["data.frames"], "run": [top["expose"]["outputs"]["out"]]}
    top = {"phonograph": 1, "modules": top["modules"], "views": {"infer": view}}
    graph = check_files({"top.yaml": top, "group.yaml": part}).graph
    lock = json.loads(json.dumps(to_lock(graph)))
    again = check_document(read_lock(lock, "lock"), toys.toy_registry()).graph
    assert bytes_of(again) == bytes_of(graph)


def test_what_is_solved_and_what_is_written_lock_alike(tiny):
    solved = to_lock(tiny())
    written = to_lock(tiny("modules.head.with.feat_in=8", "modules.loss.with.vocab=3"))
    assert fingerprint(solved) == fingerprint(written)


def test_another_setting_has_another_fingerprint(tiny):
    assert fingerprint(to_lock(tiny())) != fingerprint(to_lock(tiny("modules.mel.with.hop=0.02")))


def test_the_first_metric_stays_the_first_and_the_order_of_the_others_means_nothing(check):
    def locked(*metrics):
        pairs = ", ".join(f"{metric}: [text.text, data.text]" for metric in metrics)
        graph = check({"top.yaml": GRAPH}, f"views.validate.score={{{pairs}}}")
        return bytes_of(graph)

    assert locked("wer", "cer", "ser") == locked("wer", "ser", "cer")
    assert locked("wer", "cer", "ser") != locked("cer", "wer", "ser")


def test_a_lock_holds_no_paths(tiny, tmp_path):
    assert str(tmp_path) not in json.dumps(to_lock(tiny()))


def test_a_lock_that_says_no_versions_was_written_for_those_of_its_time(tiny, registry):
    lock = to_lock(tiny())
    undated = json.loads(json.dumps(lock))
    for node in undated["modules"].values():
        del node["version"]
    document = read_lock(undated, "lock")
    assert {name: node["version"] for name, node in document.data["modules"].items()} == {
        **dict.fromkeys(undated["modules"], 1),
        "mel": 2,
    }
    checked = check_document(document, registry)
    assert checked.graph is not None
    assert to_lock(checked.graph) == lock


@pytest.mark.parametrize("lock", [{}, {"modules": 3}, {"modules": {"a": 3}}])
def test_what_is_no_lock_is_told_by_the_check(lock, registry):
    assert check_document(read_lock(lock, "lock"), registry).faults
