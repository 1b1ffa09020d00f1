"""Small modules with weights, and graphs of them drawn at random, for tests of the language."""

from __future__ import annotations

import random
from collections.abc import Container, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from phonograph.types.kinds import Encoded, Frames, Lengths
from phonograph.types.ports import Several, ports
from phonograph.types.registry import Registry, register


@register("toy.frames", version=1)
class Source:
    """Give frames."""

    def __init__(self, width: int) -> None: ...

    @ports(out={"frames": Frames("B width T"), "lengths": Lengths("B", of="T")})
    def collate(self): ...


@register("toy.dense", version=1)
class Dense(nn.Module):
    """Change the width of every frame; `scale` times, plus `shift`."""

    def __init__(
        self, feat_in: int, width: int, *, scale: float = 1.0, shift: float | None = None
    ) -> None:
        super().__init__()
        self.linear = nn.Linear(feat_in, width)
        self.scale, self.shift = scale, shift or 0.0

    @ports(frames=Frames("B feat_in T"), out={"frames": Encoded("B width T")})
    def forward(self, frames: Tensor) -> Tensor:
        projected = self.linear(frames.transpose(1, 2)).transpose(1, 2)
        return torch.tanh(projected) * self.scale + self.shift


@register("toy.square", version=1)
class Square(nn.Module):
    """Keep the width, which the wires decide in either direction."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.linear = nn.Linear(width, width)

    @ports(frames=Frames("B width T"), out={"frames": Encoded("B width T")})
    def forward(self, frames: Tensor) -> Tensor:
        return self.linear(frames.transpose(1, 2)).transpose(1, 2)


@register("toy.pair", version=1)
class Pair(nn.Module):
    """Multiply two, and give the sum of the widths' means as well."""

    @ports(
        first=Frames("B D T"),
        second=Frames("B D T"),
        out={"product": Encoded("B D T"), "difference": Encoded("B D T")},
    )
    def forward(self, first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
        return first * second, first - second


@register("toy.total", version=1)
class Total(nn.Module):
    """Add any number with learnt weights."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.weights = nn.Parameter(torch.linspace(0.5, 1.5, count))

    @ports(inputs=Several(Frames("B D T"), count="count"), out={"frames": Encoded("B D T")})
    def forward(self, inputs: list[Tensor]) -> Tensor:
        return sum(w * x for w, x in zip(self.weights, inputs, strict=True))


@register("toy.joined", version=1)
class Joined(nn.Module):
    """Put widths side by side."""

    @ports(inputs=Several(Frames("B D_i T")), out={"frames": Encoded("B sum(D_i) T")})
    def forward(self, inputs: list[Tensor]) -> Tensor:
        return torch.cat(inputs, dim=1)


@register("toy.same", version=1)
class Same(nn.Module):
    """Give what is taken."""

    @ports(frames=Frames("B D T"), out={"frames": Frames("B D T")})
    def forward(self, frames: Tensor) -> Tensor:
        return frames


@register("toy.files", version=1)
class Files:
    """Give frames that depend on files."""

    def __init__(
        self, one: Path | None = None, two: Path | None = None, three: Path | None = None
    ) -> None: ...

    @ports(out={"frames": Frames("B 4 T")})
    def collate(self): ...


TOYS = (Source, Dense, Square, Pair, Total, Joined, Same)


def toy_registry(**more: type) -> Registry:
    """Return a registry of the toys, and of further classes."""
    names = ("frames", "dense", "square", "pair", "total", "joined", "same")
    table = {f"toy.{n}": f"{c.__module__}:{c.__name__}" for n, c in zip(names, TOYS, strict=True)}
    return Registry(
        {**table, **{f"toy.{n}": f"{c.__module__}:{c.__name__}" for n, c in more.items()}}
    )


def random_graph(dice: random.Random, size: int = 9) -> dict[str, Any]:
    """Draw a graph of toys whose every output has width 4, and a view of all its last nodes."""
    modules: dict[str, Any] = {"data": {"module": "toy.frames", "with": {"width": 4}}}
    given = ["data.frames"]
    for number in range(size):
        name = f"n{number}"
        match dice.choice(["dense", "dense", "square", "pair", "total"]):
            case "dense":
                settings: dict[str, Any] = {"width": 4}
                if dice.random() < 0.5:
                    settings["scale"] = dice.choice([0.5, 2, 3])
                modules[name] = {
                    "module": "toy.dense",
                    "from": dice.choice(given),
                    "with": settings,
                }
                given.append(f"{name}.frames")
            case "square":
                modules[name] = {"module": "toy.square", "from": {"frames": dice.choice(given)}}
                given.append(f"{name}.frames")
            case "pair":
                wires = {"first": dice.choice(given), "second": dice.choice(given)}
                modules[name] = {"module": "toy.pair", "from": wires}
                given += [f"{name}.product", f"{name}.difference"]
            case "total":
                several = dice.choices(given, k=dice.randrange(1, 4))
                modules[name] = {"module": "toy.total", "from": {"inputs": several}}
                given.append(f"{name}.frames")
    run = [one for one in given[1:] if dice.random() < 0.4] or given[-1:]
    return {
        "phonograph": 1,
        "name": "drawn",
        "modules": modules,
        "views": {"infer": {"feed": ["data.frames"], "run": run}},
    }


def shuffled(dice: random.Random, value: Any) -> Any:
    """Return the same data with the keys of all mappings in another order."""
    match value:
        case dict():
            keys = list(value)
            dice.shuffle(keys)
            return {key: shuffled(dice, value[key]) for key in keys}
        case list():
            return [shuffled(dice, item) for item in value]
    return value


def renamed(lock: Mapping[str, Any], start: str) -> dict[str, Any]:
    """Return the modules of a lock with a start left out wherever a node is named."""

    def plain(value: Any) -> Any:
        match value:
            case dict():
                return {plain(key): plain(inner) for key, inner in value.items()}
            case list():
                return [plain(inner) for inner in value]
            case str():
                return value.replace(start, "")
        return value

    return {"modules": plain(lock["modules"]), "views": plain(lock["views"])}


_PORT = {"toy.dense": "frames", "toy.square": "frames", "toy.total": "inputs"}


def _wires(node: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is under `from` by the names of inputs."""
    source = node.get("from", {})
    return dict(source) if isinstance(source, dict) else {_PORT[node["module"]]: source}


def _is_inside(text: str, inside: Container[str]) -> bool:
    return text.partition(".")[0] in inside


def _could_be_inside(node: Mapping[str, Any], inside: Container[str]) -> bool:
    """A list of which only some items come from inside cannot be exposed item by item."""
    lists = [one for one in _wires(node).values() if isinstance(one, list)]
    return all(len({_is_inside(text, inside) for text in one}) == 1 for one in lists)


def _named_outside(value: Any, group: str, inside: Container[str], part: dict[str, Any]) -> Any:
    """Name outputs as those outside of the part must, and expose them."""
    if isinstance(value, list):
        return [_named_outside(one, group, inside, part) for one in value]
    if not _is_inside(value, inside):
        return value
    part["expose"]["outputs"][value.replace(".", "_")] = value
    return f"{group}.{value.replace('.', '_')}"


def grouped(
    dice: random.Random, graph: Mapping[str, Any], name: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Put some nodes of a graph, or of a part, into a part `NAME.yaml`; return both."""
    modules, expose = graph["modules"], graph["expose"]
    inside = {n for n, node in modules.items() if n != "data" and node["module"] in _SOME}
    inside = {n for n in inside if dice.random() < 0.7} or inside
    while fewer := {n for n in inside if not _could_be_inside(modules[n], inside)}:
        inside -= fewer
    part: dict[str, Any] = {"phonograph": 1, "expose": {"inputs": {}, "outputs": {}}, "modules": {}}
    wires: dict[str, Any] = {}
    outside: dict[str, Any] = {}

    def outer(value: Any) -> Any:
        return _named_outside(value, name, inside, part)

    for node_name, node in modules.items():
        kept: dict[str, Any] = {}
        for port, value in _wires(node).items():
            if node_name not in inside:
                kept[port] = outer(value)
            elif _is_inside(value[0] if isinstance(value, list) else value, inside):
                kept[port] = value
            else:
                part["expose"]["inputs"][f"{node_name}_{port}"] = f"{node_name}.{port}"
                wires[f"{node_name}_{port}"] = value
        written = {**node, "from": kept} if kept else {k: node[k] for k in node if k != "from"}
        (part["modules"] if node_name in inside else outside)[node_name] = written
    exposed: dict[str, Any] = {"inputs": {}, "outputs": {}}
    for key, text in expose.get("inputs", {}).items():
        exposed["inputs"][key] = text
        if _is_inside(text, inside):
            part["expose"]["inputs"][text.replace(".", "_")] = text
            exposed["inputs"][key] = f"{name}.{text.replace('.', '_')}"
    exposed["outputs"] = {key: outer(text) for key, text in expose["outputs"].items()}
    outside[name] = {"module": f"{name}.yaml", **({"from": wires} if wires else {})}
    return {**graph, "modules": outside, "expose": exposed}, part


_SOME = ("toy.dense", "toy.square", "toy.pair", "toy.total")
