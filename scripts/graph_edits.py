"""Random edits of valid graphs: what is deleted, renamed, wired elsewhere, resized or mangled.

A case is decided by the graphs to start from, a seed and a number; nothing else.
"""

from __future__ import annotations

import contextlib
import random
import re
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from phonograph.collections import default_registry
from phonograph.collections.recipes import locate
from phonograph.graphs.joins import reason_not_to_join
from phonograph.types.kinds import Frames, Kind, Lengths

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "tests" / "graphs" / "fuzz"
SMALL_RECIPES = ROOT / "tests" / "collections" / "asr" / "small_recipes.yaml"

REGISTRY = default_registry()

WORD = re.compile(r"[A-Za-z_]\w*(?:\.\w+)*")
NUMBER = re.compile(r"(?<![\w.])-?\d[\d.]*")
NUMBERS = ["0", "1", "2", "3", "4", "5", "8", "16", "0.5", "0.02"]
ODD_NUMBERS = [
    "-1", "2.5", "1e-3", "1e9", ".nan", ".inf", "true", "null", "9" * 6, "9" * 10, "9" * 19,
    "9" * 30, "9" * 5000, "1e400", "0x10", "1_000", "'8'", "???",
]  # fmt: skip
ODD_TEXTS = [
    *"{}[]:,&*#?|>-!%@`'\"\t\n", "\r\n", "???", "${", "${vars}", "${name}", "${modules.data}",
    "*a", "&a ", "<<: ", "\u2028", "\ud800", "\x00", "\u202e", "é", "数", "🎙", "!!str ", "- ",
    "..", "a.b.c", "phonograph://", "phonograph://asr/las", "files/base.yaml",
    "files/part.yaml", "graph.yaml",
    "../../etc/passwd", "/dev/zero", "class", "self", "forward",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Case:
    """An edited graph.

    Args:
        base: the graph it was made from.
        number: which case of the seed it is.
        content: the bytes of the file.
        overrides: `key=value` texts.
        file: which of the files that lie beside it is edited instead, or empty.
        edits: what was done, for people.
    """

    base: str
    number: int
    content: bytes
    overrides: tuple[str, ...]
    file: str
    edits: tuple[str, ...]


def base_graphs() -> dict[str, str]:
    """Return the graphs to start from: the files of the folder, and recipes made small.

    What lies in `files` is no graph to start from, but may be named by one.
    """
    graphs = {path.stem: path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*.yaml"))}
    for recipe, overrides in yaml.safe_load(SMALL_RECIPES.read_text(encoding="utf-8")).items():
        graphs[recipe] = _small(recipe, overrides)
    return graphs


def _small(recipe: str, overrides: Sequence[str]) -> str:
    """Return the text of a recipe with other sizes; pieces become characters."""
    path, _ = locate(f"phonograph://{recipe}")
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    for override in overrides:
        key, _, value = override.partition("=")
        *way, last = key.split(".")
        inside = data
        for step in way:
            inside = inside.setdefault(step, {})
        inside[last] = yaml.safe_load(value)
    for node in data["modules"].values():
        given = node.get("with", {})
        if given.get("tokenizer", {}).get("type") == "sentencepiece":
            letters = "".join(chr(ord("0") + number) for number in range(64))
            given["tokenizer"] = {"type": "characters", "alphabet": letters}
    return yaml.safe_dump(data, sort_keys=False, default_flow_style=None, width=10**6)


def make_case(graphs: Mapping[str, str], seed: int, number: int) -> Case:
    """Make a case; graphs of the folder come up more often than the many recipes."""
    dice = random.Random(f"{seed}:{number}")
    own = [name for name in graphs if "/" not in name]
    recipes = [name for name in graphs if "/" in name]
    base = dice.choice(own if dice.random() < 0.75 or not recipes else recipes)
    text, edits = graphs[base], []
    files = [name for name in files_of(text) if dice.random() < 0.3]
    if files:
        text = (FOLDER / files[0]).read_text(encoding="utf-8")
    for _ in range(dice.choice([1, 1, 1, 1, 2, 2, 3, 5])):
        edit = dice.choices(list(EDITS), list(EDITS.values()))[0]
        with contextlib.suppress(Exception):  # an edit before left nothing for this one
            text = edit(dice, text)
            edits.append(edit.__name__)
    content = text.encode("utf-8", "surrogatepass")
    if dice.random() < 0.03 and content:
        content = _mangled(dice, content)
        edits.append("mangle_bytes")
    overrides = (_override(dice, text),) if dice.random() < 0.1 else ()
    return Case(base, number, content, overrides, files[0] if files else "", tuple(edits))


def files_of(text: str) -> list[str]:
    """Return the files of the folder that a graph names."""
    return [name for name in re.findall(r"files/\w+\.yaml", text) if (FOLDER / name).exists()]


Edit = Callable[[random.Random, str], str]


def delete_line(dice: random.Random, text: str) -> str:
    """Take a line out."""
    lines = text.splitlines(keepends=True)
    del lines[dice.randrange(len(lines))]
    return "".join(lines)


def repeat_line(dice: random.Random, text: str) -> str:
    """Write a line twice."""
    lines = text.splitlines(keepends=True)
    lines.insert(dice.randrange(len(lines)), dice.choice(lines))
    return "".join(lines)


def swap_lines(dice: random.Random, text: str) -> str:
    """Exchange two lines."""
    lines = text.splitlines(keepends=True)
    one, two = dice.randrange(len(lines)), dice.randrange(len(lines))
    lines[one], lines[two] = lines[two], lines[one]
    return "".join(lines)


def delete_span(dice: random.Random, text: str) -> str:
    """Take some characters out."""
    start = dice.randrange(len(text))
    return text[:start] + text[start + dice.randrange(1, 20) :]


def replace_word(dice: random.Random, text: str) -> str:
    """Write another word of the text, or none."""
    word = dice.choice(list(WORD.finditer(text)))
    other = dice.choice(
        [*WORD.findall(text), "", "x", "class", word[0][:-1], dice.choice(ODD_TEXTS)]
    )
    return text[: word.start()] + other + text[word.end() :]


def replace_number(dice: random.Random, text: str) -> str:
    """Write another number."""
    number = dice.choice(list(NUMBER.finditer(text)))
    other = dice.choice(NUMBERS if dice.random() < 0.6 else ODD_NUMBERS)
    return text[: number.start()] + other + text[number.end() :]


def insert_oddity(dice: random.Random, text: str) -> str:
    """Put something odd anywhere."""
    at = dice.randrange(len(text))
    return text[:at] + dice.choice(ODD_TEXTS) + text[at:]


def nest_value(dice: random.Random, text: str) -> str:
    """Put a word into brackets, or very many."""
    word = dice.choice(list(WORD.finditer(text)))
    deep = dice.choice([5, 30, 100])
    forms = ["[{}]", "{{{}: 1}}", "{{x: {}}}", "'{}'", "[]", "{{}}", "[" * deep + "{}" + "]" * deep]
    form = dice.choice([*forms, "&a {}", "${{{}}}", "'${{{}}}'"])
    return text[: word.start()] + form.format(word[0]) + text[word.end() :]


def change_value(dice: random.Random, text: str) -> str:
    """Give a key another value: of another kind, of another key, or none."""
    data, places = _opened(text)
    inside, key = dice.choice(places)
    other, name = dice.choice(places)
    values: list[Any] = [None, {}, [], 1, 0, -1, 2.5, True, "", "x", "???", 10**9, [[]]]
    values.append({"a": {"b": [1]}})
    inside[key] = dice.choice(
        [*values, deepcopy(other[name]), deepcopy(other[name]), [inside[key]]]
    )
    return _written(data)


def delete_key(dice: random.Random, text: str) -> str:
    """Take a key out."""
    data, places = _opened(text)
    inside, key = dice.choice(places)
    del inside[key]
    return _written(data)


def rename_key(dice: random.Random, text: str) -> str:
    """Give a value another key."""
    data, places = _opened(text)
    inside, key = dice.choice([place for place in places if isinstance(place[0], dict)])
    names = [str(name) for other, name in places if isinstance(other, dict)]
    new = dice.choice(
        [*names, "extends", "use", "expose", "module", "with", "init", key + "x", "2"]
    )
    renamed = {new if name == key else name: value for name, value in inside.items()}
    inside.clear()
    inside.update(renamed)
    return _written(data)


def copy_node(dice: random.Random, text: str) -> str:
    """Add a node like another."""
    data, _ = _opened(text)
    name = dice.choice(list(data["modules"]))
    data["modules"][f"{name}2"] = deepcopy(data["modules"][name])
    return _written(data)


def retarget(dice: random.Random, text: str) -> str:
    """Wire an input to another output of the graph."""
    data, places = _opened(text)
    wires = [(i, k) for i, k in places if isinstance(i[k], str) and re.fullmatch(r"\w+\.\w+", i[k])]
    inside, key = dice.choice(wires)
    inside[key] = dice.choice(_outputs(data))
    return _written(data)


def insert_module(dice: random.Random, text: str) -> str:
    """Put a module in between that takes what comes, with some of its parameters."""
    data, places = _opened(text)
    wires = [(i, k) for i, k in places if isinstance(i[k], str) and re.fullmatch(r"\w+\.\w+", i[k])]
    inside, key = dice.choice(wires)
    given = _kind_of(data, inside[key])
    fitting = [id for id in REGISTRY.ids if given is not None and _takes(id, given)]
    id = dice.choice(fitting if fitting and dice.random() < 0.9 else REGISTRY.ids)
    declared = REGISTRY.load(id)
    node: dict[str, Any] = {"module": id, "from": inside[key]}
    for name, parameter in declared.parameters.items():
        if (parameter.required and name not in declared.solvable) or dice.random() < 0.15:
            default = parameter.default if isinstance(parameter.default, int | float | str) else 4
            node.setdefault("with", {})[name] = dice.choice([default, 1, 2, 4, 8, "x", 0, 3])
    data["modules"]["extra"] = node
    outputs = list(declared.ports.outputs)
    inside[key] = f"extra.{outputs[0] if dice.random() < 0.9 else dice.choice(outputs)}"
    return _written(data)


def _kind_of(data: Any, source: str) -> Kind | None:
    node, _, port = source.partition(".")
    id = data["modules"].get(node, {}).get("module")
    return REGISTRY.load(id).ports.outputs.get(port) if id in REGISTRY else None


def _takes(id: str, given: Kind) -> bool:
    """Whether a module takes a value, and gives one that may feed the same."""
    ports = REGISTRY.load(id).ports
    main = [kind for kind in ports.inputs.values() if not isinstance(kind, Lengths)]
    gives = next(iter(ports.outputs.values()), None)
    fits = any(reason_not_to_join(given, kind) is None for kind in main[:1])
    return fits and isinstance(gives, Frames) == isinstance(given, Frames)


EDITS: dict[Edit, float] = {
    delete_line: 1, repeat_line: 1, swap_lines: 1, delete_span: 1, replace_word: 2,
    replace_number: 4, insert_oddity: 1, nest_value: 1, change_value: 3, delete_key: 2,
    rename_key: 1, copy_node: 1, retarget: 3, insert_module: 4,
}  # fmt: skip


def _opened(text: str) -> tuple[Any, list[tuple[Any, Any]]]:
    """Return the data of a text and every (container, key) in it."""
    data = yaml.CSafeLoader(text).get_single_data()
    places: list[tuple[Any, Any]] = []
    waiting = [data]
    for value in waiting:  # grows while it is walked
        keys = value.keys() if isinstance(value, dict) else range(len(value))
        for key in list(keys):
            places.append((value, key))
            if isinstance(value[key], dict | list):
                waiting.append(value[key])
        if len(waiting) > 5000:
            raise TypeError("too many aliases to edit")
    return data, places


def _written(data: Any) -> str:
    return yaml.dump(
        data, Dumper=yaml.CSafeDumper, sort_keys=False, default_flow_style=None, allow_unicode=True
    )


def _outputs(data: Any) -> list[str]:
    found = []
    for name, node in data["modules"].items():
        id = node.get("module") if isinstance(node, dict) else None
        if isinstance(id, str) and id in REGISTRY:
            found += [f"{name}.{port}" for port in REGISTRY.load(id).ports.outputs]
    return found


def _mangled(dice: random.Random, content: bytes) -> bytes:
    mangled = bytearray(content)
    for _ in range(dice.choice([1, 3, 30])):
        mangled[dice.randrange(len(mangled))] = dice.randrange(256)
    return bytes(mangled)


def _override(dice: random.Random, text: str) -> str:
    words = WORD.findall(text) or ["x"]
    key = ".".join(dice.choices([*words, "modules", "views", "with", "from", "0", ""], k=3))
    value = dice.choice([*words, *ODD_NUMBERS, *ODD_TEXTS, "{a: [1]}", "${name}", "\udcff", "[x]"])
    return f"{key}={value}"
