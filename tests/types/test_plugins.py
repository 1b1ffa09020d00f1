"""Plugins: found by their entry points, imported on use, and at fault without a traceback."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import phonograph
from phonograph.cli.main import app
from phonograph.collections import default_registry, shipped_registry
from phonograph.errors import GraphError
from phonograph.graphs.check import check_document
from phonograph.graphs.document import parse_document

GOOD = """\
from torch import nn
from phonograph.types.kinds import Encoded, Frames
from phonograph.types.ports import ports
from phonograph.types.registry import register

@register("lab.same", version=1)
class Same(nn.Module):
    \"\"\"Leave frames as they are.\"\"\"

    def __init__(self, width: int = 4) -> None:
        super().__init__()

    @ports(features=Frames("B width T"), out={"encoded": Encoded("B width T")})
    def forward(self, features):
        return features
"""

GRAPH = """\
phonograph: 1
modules:
  data:
    module: asr.manifest
    with: {sample_rate: 8000, tokenizer: {type: characters, alphabet: "ab "}}
  mel:  {module: asr.log_mel, from: data.audio, with: {n_mels: 4}}
  lab:  {module: lab.same, from: mel.features}
  head: {module: asr.ctc_head, from: lab.encoded}
  loss: {module: asr.ctc_loss, from: {log_probs: head.log_probs, targets: data.tokens}}
views:
  train: {run: [loss.loss]}
"""

FAULT = """\
error[PG017]: the module `lab.same` of the plugin `lab 1.0` cannot be loaded: {reason}
  --> g.yaml:7:18
   |
 7 |   lab:  {{module: lab.same, from: mel.features}}
   |                  ^^^^^^^^
   = {cause}"""


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Write a distribution as pip would, with the entry points and the code that are given."""
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)

    def write(code=None, name="lab", version="1.0", **points):
        folder = tmp_path / f"{name}-{version}.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.4\nName: {name}\nVersion: {version}")
        points = {key.replace("__", "."): value for key, value in points.items()}
        points = points or {"lab.same": f"{name}_code.same:Same"}
        lines = [f"{key} = {value}" for key, value in points.items()]
        (folder / "entry_points.txt").write_text("\n".join(["[phonograph.modules]", *lines]))
        if code is not None:
            package = tmp_path / f"{name}_code"
            package.mkdir()
            (package / "__init__.py").write_text("")
            (package / "same.py").write_text(code)
        return tmp_path / f"{name}_code" / "same.py"

    yield write
    for module in set(sys.modules) - before:
        if module.partition(".")[0].endswith("_code"):
            del sys.modules[module]


def checked(text=GRAPH):
    return check_document(parse_document(text, "g.yaml", Path()), default_registry())


def test_a_plugin_is_known_by_its_id_and_imported_on_use(install):
    install(GOOD)
    registry = default_registry()
    assert registry.ids == sorted([*shipped_registry().ids, "lab.same"])
    assert registry.plugins == {"lab.same": "lab 1.0"}
    assert "lab_code.same" not in sys.modules
    assert checked().faults == ()
    assert "lab_code.same" in sys.modules


def test_the_list_and_the_page_of_a_module_name_its_distribution(install):
    install(GOOD)
    listed = " ".join(CliRunner().invoke(app, ["modules"]).stdout.split())
    assert " lab.same Leave frames as they are. (lab 1.0) " in listed
    page = CliRunner().invoke(app, ["modules", "lab.same"]).stdout
    assert page.startswith("lab.same (version 1, encoders, of the plugin lab 1.0)\n")
    told = json.loads(CliRunner().invoke(app, ["modules", "--json"]).stdout)
    plugins = {module["id"]: module["plugin"] for module in told}
    assert (plugins["lab.same"], plugins["asr.log_mel"]) == ("lab 1.0", None)


def test_reading_the_entry_points_imports_nothing_and_no_torch(install, tmp_path):
    install("raise SystemExit('imported')")
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r});"
        "from phonograph.collections import default_registry;"
        "assert 'lab.same' in default_registry();"
        "assert not {'torch', 'lab_code'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("old", "new", "reason", "line"),
    [
        ("from torch", "import nowhere\nfrom torch", "No module named 'nowhere'", 1),
        (
            "Encoded(",
            "Encodedd(",
            "name 'Encodedd' is not defined",
            13,
        ),
        (
            'Frames("B width T")',
            'Frames("B widht T")',
            "Same: ports name unknown parameters ['widht']",
            13,
        ),
        (
            'Frames("B width T")',
            'Frames("B width ceil(T")',
            "cannot read the axis `ceil(T`: use names, whole numbers, + - * /, floor(), ceil()",
            13,
        ),
        (
            'Frames("B width T")',
            'Frames("B width T", rate=3)',
            "Frames.__init__() got an unexpected keyword argument 'rate'",
            13,
        ),
        (
            "features=Frames",
            "feature=Frames",
            "Same: ports ['feature'] are not arguments of forward",
            13,
        ),
        ("width: int = 4", "width=4", "Same: the argument `width` has no type", 10),
        ('"lab.same"', '"lab.other"', "its class is registered as `lab.other`", 6),
        ('@register("lab.same", version=1)\n', "", "Same has no @register", 6),
        ("@register", "1 / 0\n@register", "ZeroDivisionError: division by zero", 6),
        ("@register", "raise SystemExit(3)\n@register", "SystemExit: 3", 6),
        ("class Same", "class class", "invalid syntax", 7),
    ],
)
def test_what_is_wrong_in_a_plugin_is_one_fault_with_its_line(install, old, new, reason, line):
    assert old in GOOD
    file = install(GOOD.replace(old, new, 1))
    written = file.read_text(encoding="utf-8").splitlines()[line - 1].strip()
    (fault,) = checked().faults
    text = FAULT.format(reason=reason, cause=f"{file}:{line}: {written}")
    guess = "\n   = help: did you mean `Encoded`?" if "Encodedd" in reason else ""
    assert str(fault) == text + guess


def test_a_misspelt_kind_that_is_imported_is_guessed_too(install):
    install(GOOD.replace("Encoded", "Encodd"))
    (fault,) = checked().faults
    assert "cannot import name 'Encodd' from 'phonograph.types.kinds'" in fault.message
    assert fault.help == "did you mean `Encoded`?"


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("lab_none:Same", "No module named 'lab_none'"),
        ("lab_code.same:Smae", "module 'lab_code.same' has no attribute 'Smae'"),
        ("lab_code.same:register", "`lab_code.same:register` is no class"),
        ("lab_code.same", "it names no class: write `package.module:Class`"),
        (":Same", "Empty module name"),
    ],
)
def test_an_entry_point_that_leads_nowhere_is_quoted(install, target, reason):
    install(GOOD, lab__same=target)
    (fault,) = checked().faults
    cause = f"its entry point is `lab.same = {target}`"
    assert str(fault) == FAULT.format(reason=reason, cause=cause)


def test_a_class_that_is_made_by_a_call_has_no_line_of_its_own(install):
    install(GOOD + '\nMade = type("Made", (nn.Module,), {})\n', lab__same="lab_code.same:Made")
    (fault,) = checked().faults
    cause = "its entry point is `lab.same = lab_code.same:Made`"
    assert str(fault) == FAULT.format(reason="Made has no @register", cause=cause)


def test_a_broken_module_cannot_be_a_part_either(install):
    install("import nowhere")
    text = GRAPH.replace(
        "lab:  {module: lab.same, from: mel.features}",
        "lab:  {module: block.residual, from: mel.features, with: {block: {module: lab.same}}}",
    )
    (fault,) = checked(text).faults
    start = "error[PG017]: the module `lab.same` of the plugin `lab 1.0` cannot be loaded: "
    assert str(fault).startswith(f"{start}No module named 'nowhere'\n  --> g.yaml:7:77\n")


def test_two_nodes_of_a_broken_module_give_one_error_and_others_are_still_told(install):
    install("import nowhere")
    text = GRAPH.replace("lab:", "lab2: {module: lab.same, from: mel.features}\n  lab:")
    faults = checked(text.replace("n_mels: 4", "n_mel: 4")).faults
    assert [fault.code for fault in faults] == ["PG011", "PG017"]
    assert faults[1].causes[-1] == "the same at g.yaml:8:18"


def test_two_plugins_may_not_claim_one_id(install):
    install(GOOD)
    install(GOOD, name="other", version="2.1")
    (fault,) = checked().faults
    assert (
        str(fault)
        == """\
error[PG017]: the module `lab.same` is claimed by `lab 1.0` and by `other 2.1`
  --> g.yaml:7:18
   |
 7 |   lab:  {module: lab.same, from: mel.features}
   |                  ^^^^^^^^
   = help: uninstall one: pip uninstall other"""
    )


def test_a_plugin_may_not_take_an_id_that_is_shipped(install):
    install(GOOD, asr__log_mel="lab_code.same:Same", lab__same="lab_code.same:Same")
    (fault,) = checked().faults
    ours = f"phonograph {phonograph.__version__}"
    assert fault.message == f"the module `asr.log_mel` is claimed by `{ours}` and by `lab 1.0`"
    assert fault.help == "uninstall one: pip uninstall lab"
    assert fault.place.line == 6
    with pytest.raises(GraphError, match="claimed"):
        default_registry().load("asr.log_mel")


def test_a_broken_plugin_leaves_the_list_of_the_others(install):
    install("import nowhere")
    done = CliRunner().invoke(app, ["modules"])
    assert done.exit_code == 0
    assert (
        sorted(re.findall(r"^  (\w+\.\w+) ", done.stdout, re.MULTILINE)) == shipped_registry().ids
    )
    assert done.stderr.startswith(
        "error[PG017]: the module `lab.same` of the plugin `lab 1.0` cannot be loaded: "
        "No module named 'nowhere'\n"
    )
    asked = CliRunner().invoke(app, ["modules", "lab.same"])
    assert (asked.exit_code, asked.stdout) == (1, "")
    assert asked.stderr == done.stderr


@pytest.mark.parametrize("name", ["lab_code.same:Same", "lab_code.same", "os:system", "lab_code"])
def test_a_graph_names_ids_and_never_imports_by_path(install, name):
    install(GOOD)
    (fault,) = checked(GRAPH.replace("lab.same", f'"{name}"')).faults
    assert (fault.code, fault.message) == ("PG010", f"unknown module `{name}`")
    assert "lab_code" not in sys.modules
