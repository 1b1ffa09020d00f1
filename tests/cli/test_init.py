import json
from pathlib import Path

import pytest

from phonograph.collections import default_metrics, default_registry
from phonograph.collections.recipes import locate
from phonograph.graphs.check import load_graph
from phonograph.training.settings import check_settings

PROMPTS = locate("phonograph://asr/prompts")[0].parent / "prompts/train.jsonl"

TOLD = """\
   12 utterances, 6 seconds, the longest 0.5 s, 8,000 samples per second
   6 characters: " abcs'"

wrote clinic.yaml; the graph holds

What to try next:
  phonograph show clinic.yaml
  phonograph train clinic.yaml --dry-run
  phonograph train clinic.yaml
"""


@pytest.fixture
def speech(here, record):
    """Write a manifest of noises: name, how many, samples per second, channels, text."""

    def write(name="train.jsonl", *, count=12, rate=8000, channels=1, text="ab cab's"):
        path = here / name
        lines = []
        for number in range(count):
            audio = f"{path.stem}{number}.wav"
            record(str(path.parent / audio), 0.5, rate, channels)
            line = {"audio_filepath": audio, "duration": 0.5, "text": text}
            lines.append(json.dumps(line))
        path.write_text("\n".join(lines), encoding="utf-8")
        return name

    return write


@pytest.fixture
def terminal(monkeypatch):
    """Let the program believe that somebody types."""
    monkeypatch.setattr("phonograph.cli.init._at_terminal", lambda: True)


def proved(path):
    graph = load_graph(Path(path), [], default_registry(), metrics=default_metrics())
    assert check_settings(graph) == []
    return graph


def test_a_graph_is_written_for_the_speech_there_is(run, speech):
    speech()
    speech("dev.jsonl", count=2)
    done = run("init", "clinic.yaml", "--train", "train.jsonl", "--yes")
    assert (done.exit_code, done.stdout, done.stderr) == (0, TOLD, "")
    graph = proved("clinic.yaml")
    data = graph.nodes["data"].parameters
    assert (graph.name, data["sample_rate"]) == ("clinic", 8000)
    assert data["tokenizer"] == {"type": "characters", "alphabet": " abcs'"}
    assert data["validation"].name == "dev.jsonl"


def test_without_any_answer_there_is_something_to_train(run, here):
    done = run("init", "demo", "--yes")
    assert done.exit_code == 0
    graph = proved("demo/my.yaml")
    assert graph.nodes["data"].parameters["train"].resolve() == PROMPTS
    assert [path.name for path in (here / "demo").iterdir()] == ["my.yaml"]


def test_the_usual_answer_is_the_manifest_that_lies_there(run, speech):
    speech()
    assert run("init", "--yes").exit_code == 0
    assert proved("my.yaml").nodes["data"].parameters["train"].name == "train.jsonl"


def test_the_graph_trains(run, speech):
    speech()
    run("init", "--train", "train.jsonl", "--start", "random", "--size", "tiny", "--yes")
    done = run("train", "my.yaml", "--dry-run", "--device", "cpu")
    assert (done.exit_code, done.stderr) == (0, "")


def test_a_size_changes_the_graph(run, speech):
    speech()
    run("init", "a.yaml", "--train", "train.jsonl", "--size", "small", "--yes")
    assert proved("a.yaml").nodes["encoder"].parameters["d_model"] == 176


@pytest.mark.parametrize(("option", "frozen"), [("--freeze", True), ("--no-freeze", False)])
def test_a_checkpoint_is_started_from(run, speech, bundle, option, frozen):
    speech()
    arguments = ("--train", "train.jsonl", "--start", bundle, option, "--yes")
    assert run("init", "deep/a.yaml", *arguments).exit_code == 0
    graph = proved("deep/a.yaml")
    assert graph.spec.init["from"] == "../small.phono"
    assert ("freeze" in graph.spec.init) == frozen
    done = run("train", "deep/a.yaml", "--dry-run", "--device", "cpu")
    assert (done.exit_code, done.stderr) == (0, "")
    assert "reused: encoder" in done.stdout


def test_a_folder_becomes_manifests(run, here, record):
    for number in range(20):
        record(f"calls/{number}.wav", 0.5)
        Path(f"calls/{number}.txt").write_text(f"say {'ab'[number % 2]}\n", encoding="utf-8")
    record("calls/mute.wav")
    done = run("init", "new", "--train", "calls", "--yes")
    assert done.stdout.splitlines()[:5] == [
        "   18 utterances, 9 seconds, the longest 0.5 s, 8,000 samples per second",
        '   5 characters: " absy"',
        "   note: left out for want of a text: 1 recording",
        "   note: held out, to validate on: 2 utterances",
        "",
    ]
    assert done.stdout.splitlines()[5] == (
        "wrote new/train.jsonl, new/validation.jsonl, new/my.yaml; the graph holds"
    )
    assert run("train", "new/my.yaml", "--dry-run", "--device", "cpu").exit_code == 0


def test_three_questions_are_asked_until_they_are_understood(run, speech, terminal):
    speech()
    typed = b"nothing.jsonl\ntrain.jsonl\nsomewhere.phono\n\nhuge\nsmall\n"
    done = run("init", stdin=typed)
    assert done.exit_code == 0
    assert "error[PD001]: cannot read the manifest: no such file or directory" in done.stderr
    assert "error[PB001]: cannot read the bundle: No such file or directory" in done.stderr
    assert "write one of tiny, small, medium, large" in done.stdout
    assert done.stdout.count("\n1. Which speech?") == 1
    assert proved("my.yaml").nodes["encoder"].parameters["layers"] == 16


def test_enter_takes_what_is_usual(run, terminal):
    done = run("init", "a.yaml", stdin=b"\n\n\n")
    assert done.exit_code == 0
    asked = Path("a.yaml").read_text(encoding="utf-8")
    assert run("init", "a.yaml", "--yes", "--overwrite").exit_code == 0
    assert Path("a.yaml").read_text(encoding="utf-8") == asked


def test_what_is_answered_by_an_option_is_not_asked(run, terminal, bundle, speech):
    speech()
    done = run("init", "--train", "train.jsonl", "--start", bundle, stdin=b"n\n")
    assert "1. Which speech?" not in done.stdout
    assert "3. Does its encoder stay as it is?" in done.stdout
    assert "freeze" not in proved("my.yaml").spec.init


@pytest.mark.parametrize("typed", [b"", b"prompts\n", b"prompts\nrandom\n"])
def test_who_stops_answering_leaves_nothing_behind(run, terminal, here, typed):
    done = run("init", "deep/down", stdin=typed)
    assert (done.exit_code, done.stdout.splitlines()[-1]) == (130, "nothing is written")
    assert list(here.iterdir()) == []


def test_without_a_terminal_it_is_told_how(run, here):
    done = run("init")
    assert (done.exit_code, done.stdout) == (2, "")
    assert (
        "there is no terminal to ask on: give --train, --start and --size, or --yes to take what "
        "is usual"
    ) in " ".join(done.stderr.split())
    assert list(here.iterdir()) == []


def test_nothing_is_replaced_unasked(run, here, record):
    (here / "my.yaml").write_text("mine", encoding="utf-8")
    done = run("init", "--yes")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == (
        "error[PB020]: `my.yaml` exists\n"
        "  --> my.yaml\n"
        "   = help: choose another name, or add --overwrite\n"
    )
    assert (here / "my.yaml").read_text(encoding="utf-8") == "mine"
    assert run("init", "--yes", "--overwrite").exit_code == 0
    assert proved("my.yaml")


def test_manifests_of_a_folder_replace_none(run, here, record):
    record("calls/1.wav")
    Path("calls/1.txt").write_text("ab", encoding="utf-8")
    Path("train.jsonl").write_text("mine", encoding="utf-8")
    done = run("init", "--train", "calls", "--yes")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith("error[PB020]: `train.jsonl` exists")
    assert sorted(path.name for path in here.iterdir()) == ["calls", "train.jsonl"]


def test_what_cannot_be_learnt_from_is_told_and_nothing_is_written(run, here, speech):
    cases = {
        speech("stereo.jsonl", channels=2): "error[PD011]",
        "nothing.jsonl": "error[PD001]",
    }
    Path("empty.jsonl").touch()
    Path("folder").mkdir()
    cases |= {"empty.jsonl": "error[PD002]", "folder": "error[PD051]"}
    for name, code in cases.items():
        done = run("init", "--train", name, "--yes")
        assert (done.exit_code, done.stdout) == (1, "")
        assert done.stderr.startswith(code), name
    assert not Path("my.yaml").exists()


def test_a_misspelt_path_is_told_with_its_neighbour(run, here, speech):
    speech("calls/train.jsonl")
    helps = {
        "calls/train.json": f"did you mean `{Path('calls/train.jsonl')}`?",
        "cals/train.jsonl": "there is no folder `cals`",
        "nothing.jsonl": f"a relative path starts here, at `{here}`",
        "a" * 300: f"a relative path starts here, at `{here}`",
    }
    for name, help_ in helps.items():
        assert run("init", "--train", name, "--yes").stderr == (
            "error[PD001]: cannot read the manifest: no such file or directory\n"
            f"  --> {Path(name)}\n"
            f"   = help: {help_}\n"
        )


def test_what_is_wrong_with_every_line_of_a_foreign_manifest_is_told_once(run, speech):
    speech("foreign.jsonl", count=3)
    path = Path("foreign.jsonl")
    path.write_text(path.read_text(encoding="utf-8").replace('"text"', '"words"'))
    assert run("init", "--train", "foreign.jsonl", "--yes").stderr == (
        "error[PD004]: key `text` is missing\n"
        "  --> foreign.jsonl:1\n"
        "   |\n"
        ' 1 | {"audio_filepath": "foreign0.wav", "duration": 0.5, "words": "ab cab\'s"}\n'
        "   = 2 more like it\n"
        "   = help: add `text`, the transcript in quotes\n"
    )


def test_a_checkpoint_of_another_rate_is_refused(run, speech, bundle):
    speech(rate=16000)
    done = run("init", "--train", "train.jsonl", "--start", bundle, "--yes")
    assert done.exit_code == 1
    assert done.stderr == (
        "error[PD011]: the checkpoint hears 8000 samples per second, the recordings have 16000\n"
        "  --> small.phono\n"
        "   = help: convert all of them: ffmpeg -i train0.wav -ac 1 -ar 8000 train0-8000.flac\n"
    )


def test_a_file_that_is_no_checkpoint_says_how_to_make_one(run, speech):
    speech()
    done = run("init", "--train", "train.jsonl", "--start", "train.jsonl", "--yes")
    assert done.stderr == (
        "error[PB001]: `train.jsonl` is no checkpoint of phonograph's\n"
        "  --> train.jsonl\n"
        "   = help: make one of it: phonograph import train.jsonl train.phono\n"
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--size", "tiny", "--start", "small.phono"), "the checkpoint has its size"),
        (("--freeze",), "training starts from random weights"),
        (("--size", "huge"), "'huge' is not one of"),
    ],
)
def test_options_that_do_not_go_together_are_wrong_usage(run, speech, bundle, options, message):
    speech()
    done = run("init", "--train", "train.jsonl", *options, "--yes")
    assert done.exit_code == 2
    assert message in " ".join(done.stderr.split())
    assert not Path("my.yaml").exists()


def test_an_editor_is_told_of_the_schema_that_lies_there(run, speech):
    speech()
    run("schema", "--output", "phonograph.schema.json")
    run("init", "--train", "train.jsonl", "--yes")
    first, *_ = Path("my.yaml").read_text(encoding="utf-8").splitlines()
    assert first == "# yaml-language-server: $schema=phonograph.schema.json"
    assert proved("my.yaml")


def test_speech_in_the_place_of_the_graph_is_wrong_usage(run, here):
    done = run("init", "train.jsonl", "--yes")
    assert done.exit_code == 2
    assert "`train.jsonl` is no graph; give speech as --train train.jsonl" in done.stderr
    assert not list(here.iterdir())


def test_the_name_of_the_package_is_no_checkpoint_yet(run, speech):
    speech()
    done = run("init", "--train", "train.jsonl", "--start", "hama", "--yes")
    assert done.stderr == (
        "error[PB001]: the package `hama` is no checkpoint of phonograph's\n"
        "   = help: make one of it: phonograph import hama hama.phono\n"
    )
