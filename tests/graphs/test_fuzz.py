"""Whatever a file holds, the answer is a graph or faults that can be printed, and soon."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from phonograph.collections import default_registry
from phonograph.errors import Diagnostic
from phonograph.graphs.check import Checked, check_graph
from phonograph.graphs.mend import mend

GRAPH = """\
phonograph: 1
name: demo
vars: {mels: 16, root: data}
modules:
  data:
    module: asr.manifest
    with:
      train: "${vars.root}/train.jsonl"
      sample_rate: 16000
      tokenizer: &letters {type: characters, alphabet: "abc '"}
  mel: {module: asr.log_mel, from: data.audio, with: {n_mels: "${vars.mels}", hop: 0.01}}
  augment: {module: asr.spec_augment, from: mel.features, only: train}
  encoder:
    module: asr.conformer
    from: {features: augment.features}
    with: {d_model: 16, layers: 1, stride: 2, block: {heads: 2, kernel: 3}}
  back: {module: asr.recurrent, from: encoder.encoded, with: {d_model: 6}}
  head: {module: asr.ctc_head, from: back.encoded}
  loss: {module: asr.ctc_loss, from: {log_probs: head.log_probs, targets: data.tokens}}
  text: {module: asr.ctc_greedy, from: head.log_probs}
views:
  train: {run: [loss.loss], split: train}
  validate: {run: [loss.loss], score: {wer: [text.text, data.text]}}
  infer: {feed: [data.audio], run: [text.text, text.hypotheses]}
init: {from: start.phono, exclude: [head], freeze: ["encoder.*"]}
train: {optimizer: {name: adamw, lr: 1e-3}}
"""

WORD = re.compile(r"[A-Za-z_]\w*(?:\.\w+)*")
NUMBER = re.compile(r"(?<![\w.])\d[\d.]*")
ODD_NUMBERS = ["0", "-1", "7", "2.5", "1e-3", ".nan", ".inf", "true", "null", "9" * 30, "9" * 500]
ODD_TEXTS = [
    *"{}[]:,&*#?|>-!%@`'\"\t\n",
    "\r\n",
    "???",
    "${",
    "${vars}",
    "*letters",
    "<<",
    "\u2028",
]

Edit = Callable[[random.Random, str], str]


def delete_line(dice: random.Random, text: str) -> str:
    lines = text.splitlines(keepends=True)
    del lines[dice.randrange(len(lines))]
    return "".join(lines)


def repeat_line(dice: random.Random, text: str) -> str:
    lines = text.splitlines(keepends=True)
    lines.insert(dice.randrange(len(lines)), dice.choice(lines))
    return "".join(lines)


def delete_span(dice: random.Random, text: str) -> str:
    start = dice.randrange(len(text))
    return text[:start] + text[start + dice.randrange(1, 20) :]


def replace_word(dice: random.Random, text: str) -> str:
    word = dice.choice(list(WORD.finditer(text)))
    other = dice.choice([*WORD.findall(text), "", "x", "class", word[0][:-1]])
    return text[: word.start()] + other + text[word.end() :]


def replace_number(dice: random.Random, text: str) -> str:
    number = dice.choice(list(NUMBER.finditer(text)))
    return text[: number.start()] + dice.choice(ODD_NUMBERS) + text[number.end() :]


def insert_oddity(dice: random.Random, text: str) -> str:
    at = dice.randrange(len(text))
    return text[:at] + dice.choice(ODD_TEXTS) + text[at:]


def nest_value(dice: random.Random, text: str) -> str:
    word = dice.choice(list(WORD.finditer(text)))
    form = dice.choice(["[{}]", "{{{}: 1}}", "{{x: {}}}", "'{}'", "[]", "{{}}"])
    return text[: word.start()] + form.format(word[0]) + text[word.end() :]


EDITS: list[Edit] = [
    delete_line, repeat_line, delete_span, replace_word, replace_word, replace_number,
    insert_oddity, nest_value,
]  # fmt: skip


def check(path: Path, content: bytes, *overrides: str) -> Checked:
    """Check in less than five seconds of work; faults can be printed."""
    path.write_bytes(content)
    start = time.process_time()
    checked = check_graph(path, overrides, default_registry(), name="demo.yaml", metrics=["wer"])
    assert time.process_time() - start < 5
    assert (checked.graph is None) == bool(checked.faults)
    for fault in checked.faults:
        assert fault.code.startswith("PG")
        assert str(fault)
    return checked


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "demo.yaml"


def test_the_graph_itself_holds(path):
    assert check(path, GRAPH.encode()).faults == ()


@pytest.mark.parametrize("seed", range(300))
def test_any_edit_gives_a_graph_or_faults(path, seed):
    dice, text = random.Random(seed), GRAPH
    for _ in range(dice.choice([1, 1, 1, 2, 4])):
        text = dice.choice(EDITS)(dice, text)
    check(path, text.encode())


@pytest.mark.parametrize("seed", range(80))
def test_mending_any_edit_never_leaves_more_faults(path, seed):
    dice, text = random.Random(seed), GRAPH
    for _ in range(dice.choice([1, 2, 4])):
        text = dice.choice(EDITS)(dice, text)

    def faults_of(attempt: str) -> Sequence[Diagnostic]:
        return check(path, attempt.encode()).faults

    mended = mend(text, "demo.yaml", faults_of)
    assert len(mended.faults) <= len(faults_of(text))
    assert tuple(faults_of(mended.text)) == mended.faults
    assert (mended.text == text) == (mended.edits == 0)


@pytest.mark.parametrize("seed", range(40))
def test_any_bytes_give_a_graph_or_faults(path, seed):
    dice, content = random.Random(seed), bytearray(GRAPH.encode())
    for _ in range(dice.choice([1, 3, 30])):
        content[dice.randrange(len(content))] = dice.randrange(256)
    check(path, bytes(content))


@pytest.mark.parametrize("seed", range(60))
def test_any_override_gives_a_graph_or_faults(path, seed):
    dice = random.Random(seed)
    words = WORD.findall(GRAPH)
    key = ".".join(dice.choices([*words, "modules", "views", "with", "from", "0", ""], k=3))
    value = dice.choice([*words, *ODD_NUMBERS, *ODD_TEXTS, "{a: [1]}", "${name}", "\udcff", "[x]"])
    check(path, GRAPH.encode(), f"{key}={value}")


def code_of(checked: Checked) -> str:
    (fault,) = checked.faults
    return fault.code


def nested(levels: int) -> str:
    return "vars: " + "[" * levels + "]" * levels


def alias_bomb() -> str:
    lines = ["vars:", "  a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    for number in range(1, 9):
        parts = ", ".join([f"*a{number - 1}"] * 10)
        lines.append(f"  a{number}: &a{number} [{parts}]")
    return "\n".join(lines)


def reference_bomb(form: str) -> str:
    lines = ["vars:", "  a0: xxxxxxxxxx"]
    for number in range(1, 40):
        before = f"${{vars.a{number - 1}}}"
        lines.append(f"  a{number}: {form.format(before)}")
    return "\n".join(lines)


BOUNDS = {
    "deep nesting": nested(60),
    "very deep nesting": nested(100_000),
    "an alias bomb": alias_bomb(),
    "an alias of itself": "vars: &a {b: *a}",
    "a list that holds itself": "vars: &a [*a, *a]",
    "a bomb of texts": reference_bomb("'{0}{0}'"),
    "a bomb of mappings": reference_bomb("{{p: '{0}', q: '{0}'}}"),
    "more than a mebibyte": "# " + "x" * (1 << 20),
}


@pytest.mark.parametrize("name", BOUNDS)
def test_what_would_grow_without_end_is_refused(path, name):
    assert code_of(check(path, f"{BOUNDS[name]}\n".encode())) == "PG003"


def test_a_chain_of_references_has_a_bound(path):
    lines = ["vars:", "  a0: x", *(f"  a{n}: '${{vars.a{n - 1}}}'" for n in range(1, 500))]
    assert code_of(check(path, "\n".join(lines).encode())) == "PG003"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "PG006"),
        (b"# nothing\n", "PG006"),
        (b"- a\n- b\n", "PG006"),
        (b"text", "PG006"),
        (b"\xff\xfe\x00", "PG001"),
        (b"a: \xe9", "PG001"),
        (b"a: \x00", "PG001"),
        (b"a: \x1b", "PG001"),
        (b"a: *b", "PG001"),
        (b"{a: 1}: b", "PG001"),
        (b"a: 1\n---\nb: 2", "PG001"),
        (b"a: !!python/object/apply:os.system [ls]", "PG001"),
        (b"a: !x b", "PG001"),
    ],
)  # fmt: skip
def test_what_is_no_graph_is_one_fault(path, content, code):
    assert code_of(check(path, content)) == code


@pytest.mark.parametrize("start", ["\ufeff", "# comment\r\n", "---\n", "%YAML 1.2\n---\n", "\n\n"])
def test_marks_and_line_ends_of_other_systems_are_read(path, start):
    assert check(path, (start + GRAPH).encode()).faults == ()
    assert check(path, (start + GRAPH).replace("\n", "\r\n").encode()).faults == ()


def test_a_byte_order_mark_and_line_ends_do_not_move_the_place(path):
    text = "\ufeff" + GRAPH.replace("n_mels:", "n_mel:").replace("\n", "\r\n")
    (fault,) = check(path, text.encode()).faults
    assert str(fault.place) == "demo.yaml:11:55"


def test_keys_that_are_numbers_or_dotted_are_texts(path):
    text = GRAPH.replace("vars: {", "vars: {1: a, a.b: c, '': d, ~: e, true: f, ")
    assert check(path, text.encode(), "vars.1=b").faults == ()


def test_a_long_chain_of_nodes_is_checked(path):
    lines = [
        f"  r{n}: {{module: asr.spec_augment, from: {'mel' if n == 0 else f'r{n - 1}'}.features}}\n"
        for n in range(400)
    ]
    check(path, GRAPH.replace("views:\n", "".join(lines) + "views:\n").encode())


TOGETHER = {
    "top.yaml": """\
phonograph: 1
extends: base.yaml
vars: {width: 6}
modules:
  gone: null
  encoder: {module: parts/enc.yaml, from: data.frames, with: {width: "${vars.width}"}}
  second: {use: encoder, from: {frames: encoder.frames}}
  mix: {module: toy.total, from: {inputs: [second.frames, encoder.back.frames]}, only: infer}
views:
  infer: {feed: [data.frames], run: [mix.frames, encoder.more]}
""",
    "base.yaml": """\
phonograph: 1
name: base
vars: {width: 3}
modules:
  data: {module: toy.frames, with: {width: 6}}
  gone: {module: toy.same, from: data.frames}
  encoder: {module: toy.dense, from: data.frames, with: {width: 3}}
""",
    "parts/enc.yaml": """\
phonograph: 1
vars: {width: 3}
expose:
  inputs: {frames: [front.frames, deep.x]}
  outputs: {frames: back.frames, more: deep.y}
modules:
  front: {module: toy.dense, with: {width: 5}}
  back: {module: toy.dense, from: front.frames, with: {feat_in: 5, width: "${vars.width}"}}
  deep: {module: in.yaml, with: {names: [a, b]}}
""",
    "parts/in.yaml": """\
phonograph: 1
vars: {names: []}
expose: {inputs: {x: [a.frames, b.frames]}, outputs: {y: a.frames}}
modules:
  a: {module: toy.dense, with: {width: 6}}
  b: {use: a}
""",
}


def test_the_files_together_hold(check_files):
    assert check_files(TOGETHER).faults == ()


@pytest.mark.parametrize("seed", range(150))
def test_any_edit_of_files_that_belong_together_gives_a_graph_or_faults(seed, check_files):
    dice, files = random.Random(seed), dict(TOGETHER)
    for _ in range(dice.choice([1, 1, 1, 2, 4])):
        name = dice.choice(list(files))
        files[name] = dice.choice(EDITS)(dice, files[name])
    start = time.process_time()
    checked = check_files(files)
    assert time.process_time() - start < 5
    for fault in checked.faults:
        assert fault.code.startswith("PG")
        assert fault.place is not None
        assert str(fault)
