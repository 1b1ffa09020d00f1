"""What a user sees: the full text of one minimal graph per fault, and that its help mends it.

The cases stand in `diagnostics.yaml`; each changes the graph of `demo.yaml`, which holds. One fault
gives one error; two give two, in one run.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import yaml
from torch import nn

from phonograph.collections import default_registry
from phonograph.errors import Diagnostic
from phonograph.graphs import check
from phonograph.graphs.check import check_graph
from phonograph.graphs.mend import mend
from phonograph.types.kinds import Audio, Encoded, Frames, Lengths, Logits, Tokens
from phonograph.types.ports import Several, ports
from phonograph.types.registry import Registry, register

GRAPH = Path(__file__).with_name("demo.yaml").read_text(encoding="utf-8")


@register("toy.swapped", version=1)
class Swapped(nn.Module):
    """Give time before width."""

    @ports(features=Frames("B D T"), out={"encoded": Encoded("B T D")})
    def forward(self, features): ...


@register("toy.silent", version=1)
class Silent(nn.Module):
    """Halve the time without stating any lengths."""

    @ports(features=Frames("B D T"), out={"encoded": Encoded("B D ceil(T/2)")})
    def forward(self, features): ...


@register("toy.twice", version=1)
class Twice(nn.Module):
    """State the lengths of the same axis twice."""

    @ports(
        features=Frames("B D T"),
        lengths=Lengths("B", of="T"),
        out={
            "encoded": Encoded("B D ceil(T/2)"),
            "first": Lengths("B", of="ceil(T/2)"),
            "second": Lengths("B", of="ceil(T/2)"),
        },
    )
    def forward(self, features, lengths): ...


@register("toy.narrow", version=1)
class Narrow(nn.Module):
    """Take one width only."""

    @ports(encoded=Encoded("B 512 T"), out={"encoded": Encoded("B 512 T")})
    def forward(self, encoded): ...


@register("toy.plain", version=1)
class Plain(nn.Module):
    """Leave the width as it is."""

    @ports(encoded=Frames("B D T"), out={"encoded": Encoded("B D T")})
    def forward(self, encoded): ...


@register("toy.doubled", version=1)
class Doubled(nn.Module):
    """Double the width."""

    @ports(features=Frames("B D T"), out={"encoded": Encoded("B 2*D T")})
    def forward(self, features): ...


@register("toy.halved", version=1)
class Halved(nn.Module):
    """Halve the width."""

    @ports(features=Frames("B 2*D T"), out={"encoded": Encoded("B D T")})
    def forward(self, features): ...


@register("toy.sum", version=1)
class Sum(nn.Module):
    """Add two of the same shape."""

    @ports(first=Frames("B D T"), second=Frames("B D T"), out={"encoded": Encoded("B D T")})
    def forward(self, first, second): ...


@register("toy.all", version=1)
class All(nn.Module):
    """Add any number of the same shape."""

    def __init__(self, layers: int) -> None:
        super().__init__()

    @ports(
        inputs=Several(Frames("B D T"), count="layers"),
        lengths=Lengths("B", of="T"),
        out={"encoded": Encoded("B D T")},
    )
    def forward(self, inputs, lengths): ...


@register("toy.wrapped", version=1)
class Wrapped(nn.Module):
    """Put a module around another."""

    def __init__(self, feat_in: int, block: nn.Module, more: list[nn.Module] | None = None) -> None:
        super().__init__()

    @ports(features=Frames("B feat_in T"), out={"encoded": Encoded("B feat_in T")})
    def forward(self, features): ...


@register("toy.joined", version=1)
class Joined(nn.Module):
    """Put two next to each other."""

    @ports(
        first=Frames("B D_0 T"), second=Frames("B D_1 T"), out={"encoded": Encoded("B D_0+D_1 T")}
    )
    def forward(self, first, second): ...


@register("toy.sized", version=1)
class Sized(nn.Module):
    """Have one's own width, and no wish what comes in."""

    def __init__(self, width: int) -> None:
        super().__init__()

    @ports(features=Frames("B D T"), out={"encoded": Encoded("B width T")})
    def forward(self, features): ...


@register("toy.stereo", version=1)
class Stereo(nn.Module):
    """Make two channels of one."""

    def __init__(self, sample_rate: int) -> None:
        super().__init__()

    @ports(audio=Audio("B S"), out={"audio": Audio("B 2 S", channels=2)})
    def forward(self, audio): ...


@register("toy.scores", version=1)
class Scores(nn.Module):
    """Score frames without normalising."""

    def __init__(self, feat_in: int, vocab: int) -> None:
        super().__init__()

    @ports(encoded=Encoded("B feat_in T"), out={"logits": Logits("B T vocab+1", blank="last")})
    def forward(self, encoded): ...


@register("toy.mix", version=1)
class Mix(nn.Module):
    """Add two recordings."""

    def __init__(self, sample_rate: int) -> None:
        super().__init__()

    @ports(
        first=Audio("B S"),
        second=Audio("B S2"),
        out={"audio": Audio("B S"), "lengths": Lengths("B", of="S")},
    )
    def forward(self, first, second): ...


@register("toy.numbers", version=1)
class Numbers:
    """Give tokens of which only the number is known."""

    def __init__(self, vocab: int) -> None: ...

    @ports(out={"tokens": Tokens("B L"), "lengths": Lengths("B", of="L")})
    def collate(self): ...


TOYS: list[type] = [Swapped, Silent, Twice, Narrow, Plain, Doubled, Halved, Sum, All, Wrapped]
TOYS += [Joined, Sized, Mix, Numbers, Stereo, Scores]
USED = ["manifest", "log_mel", "spec_augment", "conv_encoder", "quartznet", "conformer"]
USED += ["recurrent", "ctc_head", "ctc_loss", "ctc_greedy"]
REGISTRY = Registry(
    {
        **{f"asr.{id}": default_registry().table[f"asr.{id}"] for id in USED},
        **{id: path for id, path in default_registry().table.items() if id.startswith("adapt.")},
        **{f"toy.{toy.__name__.lower()}": f"{__name__}:{toy.__name__}" for toy in TOYS},
    }
)

Edits = Sequence[Mapping[str, str]]


@dataclass(frozen=True)
class Case:
    """A fault.

    Args:
        name: what is wrong, as a sentence.
        said: everything that is printed.
        edits: pieces of the valid graph to replace, so that the fault comes in.
        mend: pieces to replace then, as the help says, so that nothing is wrong.
        overrides: `key=value` texts.
        graph: the graph that `edits` change.
        times: how often it is repeated.
        nemo: what NeMo 3.0.0 says of the same, where it lets it pass or tells it late.
    """

    name: str
    said: str
    edits: Edits = ()
    mend: Edits = ()
    overrides: Sequence[str] = ()
    graph: str = GRAPH
    times: int = 1
    nemo: str = ""

    @property
    def text(self) -> str:
        return edited(self.graph, self.edits) * self.times


def edited(text: str, edits: Edits) -> str:
    for edit in edits:
        assert text.count(edit["old"]) == 1, edit
        text = text.replace(edit["old"], edit["new"])
    return text


def faults_of(text: str, overrides: Sequence[str] = ()) -> list[Diagnostic]:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "demo.yaml"
        path.write_text(text, encoding="utf-8")
        metrics = ["wer", "cer"]
        checked = check_graph(path, overrides, REGISTRY, name="demo.yaml", metrics=metrics)
    assert (checked.graph is None) == bool(checked.faults)
    return list(checked.faults)


TABLE = Path(__file__).with_name("diagnostics.yaml").read_text(encoding="utf-8")
CASES = [Case(**case) for case in yaml.safe_load(TABLE)]
BY_NAME = {case.name: case for case in CASES}


def test_the_graph_itself_holds():
    assert faults_of(GRAPH) == []


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_fault_is_told_as_the_table_says(case):
    (fault,) = faults_of(case.text, case.overrides)
    assert f"{fault}\n" == case.said


@pytest.mark.parametrize("case", [c for c in CASES if c.mend], ids=lambda case: case.name)
def test_doing_what_the_help_says_mends_it(case):
    assert faults_of(edited(case.text, case.mend)) == []


PASTED = re.compile(
    r"put in between:\n\s+(?P<line>.+)\n\s+and wire `(?P<new>.+)` instead of `(?P<old>.+)` to"
    r" `(?P<node>.+)`"
)
FURTHER = {  # a view that has to be fed more
    "two data layers are mixed at two rates": [
        {"old": "feed: [data.audio]", "new": "feed: [data.audio, more.audio]"}
    ]
}
ADAPTED = [case for case in CASES if "put in" in case.said]


@pytest.mark.parametrize("case", ADAPTED, ids=lambda case: case.name)
def test_pasting_an_adapter_mends_it(case):
    pasted = PASTED.search(case.said)
    assert pasted is not None
    node = re.search(rf"^  {pasted['node']}: .*$", case.text, re.MULTILINE)
    assert node is not None
    rewired = edited(node[0], [{"old": pasted["old"], "new": pasted["new"]}])
    edits = [{"old": node[0], "new": f"{rewired}\n  {pasted['line']}"}, *FURTHER.get(case.name, [])]
    assert faults_of(edited(case.text, edits)) == []


@pytest.mark.parametrize("case", [c for c in CASES if not c.overrides], ids=lambda case: case.name)
def test_what_can_be_mended_in_one_way_is_mended_and_nothing_else_is_touched(case):
    (fault,) = faults_of(case.text)
    mended = mend(case.text, "demo.yaml", faults_of)
    if fault.fix is None:
        assert (mended.text, mended.edits) == (case.text, 0)
    else:
        assert mended.faults == ()
        assert mended.text == edited(case.text, case.mend) or case.name in MENDED_OTHERWISE


MENDED_OTHERWISE = {
    "a node that several name is missing": "the wires are changed, not the name of the node",
    "shared weights would need two widths": "the size is deleted, as the wires solve it",
}


@pytest.mark.parametrize("case", [c for c in CASES if c.overrides], ids=lambda case: case.name)
def test_what_stands_on_the_command_line_is_not_mended_in_the_file(case):
    faults = faults_of(case.text, case.overrides)
    assert all(fault.fix is None for fault in faults)


@pytest.mark.parametrize("case", [c for c in CASES if c.overrides], ids=lambda case: case.name)
def test_without_the_override_nothing_is_wrong(case):
    assert faults_of(case.text) == []


PAIRS = [
    ("the parameter is unknown", "the metric is unknown"),
    ("the parameter is unknown", "the output is unknown"),
    ("the module is unknown", "the vocabulary size disagrees"),
    ("an input is missing", "a width disagrees from far away"),
    ("an input is missing", "the sample rate disagrees"),
    ("the kind does not fit", "the number is in quotes"),
    ("the vocabulary size disagrees", "the sample rate disagrees"),
    ("the vocabulary size disagrees", "lengths belong to another axis"),
    ("a parameter cannot be inferred", "the view runs nothing"),
    ("a parameter is missing", "a width disagrees from far away"),
    ("a node feeds itself", "the vocabulary size disagrees"),
    ("`only` names no view", "the node's name is taken"),
    ("`freeze` matches nothing", "the view needs what it is not fed"),
    ("the key of a node is unknown", "the metric is unknown"),
]


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_two_faults_in_different_places_are_both_told_in_one_run(first, second):
    both = [BY_NAME[first], BY_NAME[second]]
    together = faults_of(edited(both[0].text, both[1].edits))
    assert len(together) == 2
    alone = [faults_of(case.text)[0] for case in both]
    assert {fault.message for fault in together} == {fault.message for fault in alone}
    places = [(fault.place.line, fault.place.column) for fault in together if fault.place]
    assert places == sorted(places)


ELSEWHERE = {
    "PG018",  # a file that cannot be extended or taken in: test_extends.py, test_composites.py
    "PG019",  # what a part exposes: test_exposed.py
    "PG046",  # a version that cannot be read: test_module_versions.py
    "PG002",  # a file that cannot be read: test_document.py
    "PG006",  # a text that is no mapping: test_fuzz.py
    "PG043",  # a view asked for by a name it does not have: test_model.py
    "PG052",  # weights that do not fit: test_fine_tune.py
    "PG053",  # features that were others in training: test_fine_tune.py
    "PG064",  # a value that training still needs: test_settings.py, tests/cli/test_train.py
    "PG054",  # a vocabulary that was another in training: test_fine_tune.py
}


def test_every_code_of_the_engine_is_shown_here_or_elsewhere():
    folder = Path(check.__file__).parent
    sources = "".join(path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.py")))
    shown = set(re.findall(r"error\[(PG\d+)\]", TABLE))
    assert set(re.findall(r'"(PG\d+)"', sources)) == shown | ELSEWHERE
