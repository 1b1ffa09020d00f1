"""What a class declares, and what its author is told when the declaration does not hold."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from phonograph.types.declaration import declaration_of
from phonograph.types.kinds import Audio, Encoded, Frames, Lengths, LogProbs, Text, Tokens
from phonograph.types.ports import ports
from phonograph.types.registry import register
from phonograph.types.vocabulary import Vocabulary


@register("toy.encoder", version=3, random=True)
class Encoder:
    """Encode.

    At length.
    """

    def __init__(self, feat_in: int, *, stride: int = 2, width: int = 4) -> None: ...

    @ports(
        features=Frames("B feat_in T"),
        lengths=Lengths("B", of="T"),
        context=Frames("B C T2"),
        out={"encoded": Encoded("B width ceil(T/stride)")},
    )
    def forward(self, features, lengths, context=None): ...


def test_a_declaration_is_read_off_the_class():
    declared = declaration_of(Encoder)
    assert (declared.id, declared.registration.version) == ("toy.encoder", 3)
    assert declared.registration.random
    assert declared.summary == "Encode."
    assert declared.solvable == {"feat_in", "stride", "width"}
    assert declared.optional == {"context"}
    assert [p.name for p in declared.parameters.values() if p.required] == ["feat_in"]
    assert declared.derived_names() == []
    assert not declared.is_source
    assert not declared.is_host


def test_a_declaration_is_read_once():
    assert declaration_of(Encoder) is declaration_of(Encoder)


def test_a_data_layer_has_no_inputs():
    @register("toy.data", version=1)
    class Data:
        @staticmethod
        def derived(alphabet: str) -> dict[str, int]:
            return {"vocab": len(alphabet)}

        def __init__(self, sample_rate: int, alphabet: str) -> None: ...

        @ports(out={"audio": Audio("B S"), "tokens": Tokens("B L"), "text": Text("B")})
        def collate(self): ...

    declared = declaration_of(Data)
    assert declared.is_source
    assert declared.is_host
    assert declared.derived_names() == ["alphabet"]
    assert declared.solvable == {"sample_rate"}


def test_a_parameter_may_want_the_tokens_themselves():
    @register("toy.decoder", version=1)
    class Decoder:
        def __init__(self, vocab: Vocabulary, other: Vocabulary | None = None, n: int = 1): ...

        @ports(log_probs=LogProbs("B T vocab+1"), out={"text": Text("B")})
        def forward(self, log_probs): ...

    wants = {p.name: p.wants_tokens for p in declaration_of(Decoder).parameters.values()}
    assert wants == {"vocab": True, "other": True, "n": False}


def test_a_class_without_a_constructor_has_no_parameters():
    @register("toy.plain", version=1)
    class Plain:
        @ports(frames=Frames("B D T"), out={"frames": Frames("B D T")})
        def forward(self, frames): ...

    assert declaration_of(Plain).parameters == {}


def fault_of(cls):
    with pytest.raises(TypeError) as caught:
        declaration_of(cls)
    return str(caught.value)


def test_a_class_must_be_registered_itself():
    class Child(Encoder):
        pass

    assert fault_of(Child) == "Child has no @register"


def test_a_class_must_have_ports():
    @register("toy.none", version=1)
    class NoPorts:
        def forward(self): ...

    assert fault_of(NoPorts) == "NoPorts has no method with @ports"


def test_ports_must_be_arguments_of_their_method():
    @register("toy.wrong", version=1)
    class Wrong:
        @ports(frames=Frames("B D T"), out={"frames": Frames("B D T")})
        def forward(self, features): ...

    assert fault_of(Wrong) == "Wrong: ports ['frames'] are not arguments of forward"


def test_names_in_ports_must_be_parameters():
    @register("toy.names", version=1)
    class Names:
        def __init__(self, d_model: int) -> None: ...

        @ports(frames=Frames("B d_model T"), out={"frames": Frames("B d_mode ceil(T/strid)")})
        def forward(self, frames): ...

    assert fault_of(Names) == "Names: ports name unknown parameters ['d_mode', 'strid']"


def test_derived_values_must_come_from_parameters():
    @register("toy.derived", version=1)
    class Derived:
        def __init__(self, blocks: int) -> None: ...

        @staticmethod
        def derived(block: int) -> dict[str, int]: ...  # type: ignore[empty-body]

        @ports(frames=Frames("B D T"), out={"frames": Frames("B D T")})
        def forward(self, frames): ...

    assert fault_of(Derived) == "Derived: derived wants `block`, which is no parameter"


def test_derived_values_must_not_depend_on_what_is_solved():
    @register("toy.circle", version=1)
    class Circle:
        def __init__(self, d_model: int) -> None: ...

        @staticmethod
        def derived(d_model: int) -> dict[str, int]:
            return {"half": d_model // 2}

        @ports(frames=Frames("B d_model T"), out={"frames": Frames("B half T")})
        def forward(self, frames): ...

    assert fault_of(Circle) == "Circle: derived wants `d_model`, which wires may decide"


@pytest.mark.parametrize("argument", ["*args", "**kwargs"])
def test_arguments_must_not_be_hidden(argument):
    namespace: dict[str, object] = {}
    exec(f"def __init__(self, {argument}: int) -> None: ...", namespace)
    body = {"__init__": namespace["__init__"], "forward": Encoder.forward}
    hidden = register("toy.hidden", version=1)(type("Hidden", (), body))
    expected = f"Hidden: `{argument}` hides the constructor's arguments"
    assert fault_of(hidden) == expected


def test_arguments_must_have_types():
    @register("toy.untyped", version=1)
    class Untyped:
        def __init__(self, feat_in, stride=2, width=4): ...

        @ports(features=Frames("B feat_in T"), out={"encoded": Encoded("B width T")})
        def forward(self, features): ...

    assert fault_of(Untyped) == "Untyped: the argument `feat_in` has no type"


@dataclass(frozen=True)
class Files:
    """Settings with a path."""

    first: Path = Path("a")


def with_files(annotation):
    """Register a module that takes files of this type."""

    def construct(self, files): ...

    construct.__annotations__ = {"files": annotation}

    @ports(frames=Frames("B D T"), out={"frames": Frames("B D T")})
    def forward(self, frames): ...

    body = {"__init__": construct, "forward": forward}
    return register("toy.files", version=1)(type("Reader", (), body))


@pytest.mark.parametrize(
    "annotation", [Path, list[Path], list[Path] | None, dict[str, Path], Path | str, Files]
)
def test_paths_that_a_bundle_would_lose_are_refused(annotation):
    assert fault_of(with_files(annotation)) == (
        "Reader: `files` needs a path, but bundles leave paths out; "
        "only a data layer may, or write `Path | None`"
    )


@pytest.mark.parametrize("annotation", [Path | None, list[Path | None], str | list[str] | None])
def test_paths_that_may_be_none_are_taken(annotation):
    assert declaration_of(with_files(annotation)).parameters["files"].annotation == annotation


def test_a_data_layer_may_need_a_path():
    @register("toy.list", version=1)
    class Listed:
        def __init__(self, manifest: Path) -> None: ...

        @ports(out={"text": Text("B")})
        def collate(self): ...

    assert declaration_of(Listed).parameters["manifest"].required


def test_axes_must_be_readable():
    @register("toy.axes", version=1)
    class Axes:
        @ports(frames=Frames("B D T**2"), out={"frames": Frames("B D T")})
        def forward(self, frames): ...

    with pytest.raises(ValueError, match=re.escape("cannot read the axis `T**2`")):
        declaration_of(Axes)


@register("toy.stacked", version=1)
class Stacked:
    """Put frames side by side."""

    def __init__(self, feat_in: int, *, frames: int = 3) -> None: ...

    @staticmethod
    def derived(frames: int) -> dict[str, int]:
        return {"stack": frames}

    @ports(
        features=Frames("B feat_in T"),
        lengths=Lengths("B", of="T"),
        out={
            "encoded": Encoded("B stack*feat_in ceil(T/stack)"),
            "lengths": Lengths("B", of="ceil(T/stack)"),
        },
    )
    def forward(self, features, lengths): ...


def test_a_derived_factor_of_a_width_becomes_a_number_and_time_stays_as_it_is():
    filled = declaration_of(Stacked).filled({"stack": 3})
    assert filled.ports.outputs["encoded"].axes == "B 3*feat_in ceil(T/stack)"
    assert filled.ports.inputs["features"].axes == "B feat_in T"
    assert declaration_of(Stacked).filled({}).ports == declaration_of(Stacked).ports


def test_look_ahead_must_come_from_parameters():
    @register("toy.ahead", version=1)
    class Ahead:
        def __init__(self, kernel: int) -> None: ...

        @staticmethod
        def look_ahead(kernels: int) -> float:
            return kernels // 2

        @ports(frames=Frames("B D T"), out={"frames": Frames("B D T")})
        def forward(self, frames): ...

    assert fault_of(Ahead) == "Ahead: look_ahead wants `kernels`, which is no parameter"
