"""Lines to paste: a module in YAML, as a shipped recipe has it, and in Python."""

from __future__ import annotations

import ast
import doctest
import re
import sys
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from phonograph.types.docstring import docstring_of

if TYPE_CHECKING:
    from phonograph.types.declaration import Declaration
    from phonograph.types.kinds import Kind

_USUAL = {
    "Audio": "data.audio",
    "Features": "mel.features",
    "Spectrogram": "mel.features",
    "Mel": "mel.features",
    "MFCC": "mel.features",
    "Frames": "mel.features",
    "Encoded": "encoder.encoded",
    "Logits": "head.logits",
    "LogProbs": "head.log_probs",
    "Tokens": "data.tokens",
    "Text": "text.text",
    "Loss": "loss.loss",
}
"""What the nodes that give a kind are usually called."""

_NODE = re.compile(r"^  (\w+):.*\n(?:(?:    .*)?\n)*", re.MULTILINE)
_COMMENT = re.compile(r"\s+# .*$", re.MULTILINE)


def yaml_example(declaration: Declaration) -> tuple[str, str]:
    """Return the lines of a node, and the recipe they are from, empty where no recipe has it.

    >>> from phonograph.collections import default_registry
    >>> yaml_example(default_registry().load("asr.ctc_head"))[0]
    'head: {module: asr.ctc_head, from: encoder.encoded}'
    """
    named = re.compile(rf"\bmodule: {re.escape(declaration.id)}(?![\w.])")
    found = [node for node in _nodes() if named.search(node[0])]
    often = Counter(text for text, _ in found)
    # usual names, if there are any, and no more than has to be written
    best = min(found, key=lambda node: (often[node[0]] < 2, len(node[0])), default=None)
    return best or (_made_up(declaration), "")


@lru_cache(maxsize=1)
def _nodes() -> tuple[tuple[str, str], ...]:
    from phonograph.collections.recipes import SCHEME, locate, recipe_names

    return tuple(
        (node, SCHEME + name)
        for name in recipe_names()
        for node in _nodes_of(locate(SCHEME + name)[0])
    )


def _nodes_of(path: Path) -> Iterator[str]:
    text = path.read_text(encoding="utf-8")
    modules = re.search(r"^modules:\n((?:(?: .*)?\n)+)", text, re.MULTILINE)
    for node in _NODE.finditer(modules[1] if modules else ""):
        lines = _COMMENT.sub("", node[0]).rstrip().splitlines()
        yield "\n".join(re.sub(r"^(\w+): +", r"\1: ", line[2:]) for line in lines)


def _made_up(declaration: Declaration) -> str:
    from phonograph.graphs.equations import unknowns_of
    from phonograph.types.kinds import Lengths

    solved = {unknown.name for unknown in unknowns_of("", declaration)}
    needed = [
        p.name for p in declaration.parameters.values() if p.required and p.name not in solved
    ]
    wanted = {
        name: _source(kind)
        for name, kind in declaration.ports.inputs.items()
        if not isinstance(kind, Lengths) and name not in declaration.optional
    }
    sources = ", ".join(f"{name}: {source}" for name, source in wanted.items())
    lines = [f"{declaration.id.rpartition('.')[2]}:", f"  module: {declaration.id}"]
    if wanted:
        lines.append(f"  from: {{{sources}}}" if len(wanted) > 1 else f"  from: {_only(wanted)}")
    if needed:
        lines.append("  with: {" + ", ".join(f'{name}: "???"' for name in needed) + "}")
    return "\n".join(lines)


def _only(wanted: dict[str, str]) -> str:
    return next(iter(wanted.values()))


def _source(kind: Kind) -> str:
    return _USUAL.get(str(kind), f"node.{str(kind).lower()}")


def python_example(cls: type) -> str:
    """Return the first example of a docstring as a program, with what it prints as comments."""
    examples = docstring_of(cls).examples
    if not examples:
        return ""
    statements = doctest.DocTestParser().get_examples(examples[0] + "\n")
    lines: list[str] = []
    own: list[str] = []
    names: set[str] = set()
    for statement in statements:
        tree = ast.parse(statement.source)
        names |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        if isinstance(tree.body[0], ast.Import | ast.ImportFrom):
            own.append(statement.source.strip())
        else:
            lines += _printing(statement, tree)
    known, ours = _imports(cls, names)
    groups = [sorted({*known, *own}), ours, lines]
    return "\n\n".join("\n".join(group) for group in groups if group)


def _printing(example: doctest.Example, tree: ast.Module) -> list[str]:
    source = example.source.rstrip()
    if not example.want:
        return source.splitlines()
    if len(tree.body) == 1 and isinstance(tree.body[0], ast.Expr) and "print(" not in source:
        source = f"print({source})"
    return [*source.splitlines(), *(f"# {line}" for line in example.want.rstrip().splitlines())]


def _imports(cls: type, names: set[str]) -> tuple[list[str], list[str]]:
    """Return the imports with which the names of an example are known: of modules, of things."""
    around = vars(sys.modules[cls.__module__])
    modules, things = [], []
    for name in sorted(names & set(around)):
        thing: Any = around[name]
        if isinstance(thing, ModuleType):
            parent, _, last = thing.__name__.rpartition(".")
            line = f"from {parent} import {last}" if parent else f"import {last}"
            modules.append(line if name == last else f"{line} as {name}")
        elif hasattr(thing, "__module__"):
            things.append(f"from {thing.__module__} import {name}")
    if "torch" in names and "torch" not in around:
        modules.append("import torch")  # which every doctest of ours may use
    return modules, sorted(things)
