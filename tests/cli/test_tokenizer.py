"""`phonograph tokenizer`: pieces from transcripts, and how they cut texts."""

import json
from pathlib import Path

import pytest

from phonograph.graphs.document import parse_document

TEXTS = ["to be or not to be", "that is the question", "whether tis nobler in the mind"]


@pytest.fixture
def texts(here):
    """A file with a sentence a line."""
    (here / "texts.txt").write_text("\n".join(TEXTS * 4) + "\n", encoding="utf-8")
    return "texts.txt"


@pytest.fixture
def told(run):
    """Run a command; give its status, what it printed, and its errors."""

    def telling(*arguments):
        result = run(*arguments)
        return result.exit_code, result.stdout, result.stderr

    return telling


def test_a_model_is_written_and_the_line_for_the_graph_printed(told, texts, here):
    status, out, _ = told(*f"tokenizer train {texts} --size 27".split())
    assert status == 0
    assert out.startswith("27 pieces from 12 texts: ")
    assert out.endswith("  tokenizer: {type: sentencepiece, model: pieces.model}\n")
    first = (here / "pieces.model").read_bytes()
    status, _, error = told(*f"tokenizer train {texts} --size 27".split())
    assert status == 1
    assert error.startswith("error[PD068]: this file exists\n")
    assert told(*f"tokenizer train {texts} --size 27 --overwrite".split())[0] == 0
    assert (here / "pieces.model").read_bytes() == first


def test_pieces_and_texts_are_shown(told, texts):
    told(*f"tokenizer train {texts} --size 27".split())
    status, out, _ = told(*["tokenizer", "show", "pieces.model"])
    assert status == 0
    assert out.startswith("27 pieces: <unk> ")
    status, out, _ = told(*["tokenizer", "show", "pieces.model", "To-be!", "5"])
    lines = out.splitlines()
    assert lines[0].replace(" ", "").replace("▁", " ").strip() == "to be"
    assert lines[1] == "cannot be written: `5` is in no piece of the tokenizer"
    status, out, _ = told(*["tokenizer", "show", "pieces.model", "to", "--json"])
    assert "".join(json.loads(out)["texts"][0]) == "▁to"


def test_an_alphabet_is_printed_for_characters(told, texts):
    status, out, _ = told(*f"tokenizer train {texts} --kind characters".split())
    assert status == 0
    assert out.splitlines()[1] == '  tokenizer: {type: characters, alphabet: " abdehilmnoqrstuw"}'


def test_a_machine_reads_the_same(told, texts):
    status, out, _ = told(*f"tokenizer train {texts} --size 27 --json".split())
    found = json.loads(out)
    assert (status, found["pieces"], found["texts"]) == (0, 27, 12)


def test_a_path_that_yaml_would_take_apart_is_quoted(told, texts):
    status, out, _ = told("tokenizer", "train", texts, "--size", "27", "--output", "a, {b}: c.m")
    assert status == 0
    line = out.splitlines()[-1].strip()
    model = parse_document(line, "x.yaml", Path()).data["tokenizer"]["model"]
    assert model == "a, {b}: c.m"


@pytest.mark.parametrize("more", [[], ["--overwrite"]])
def test_a_folder_is_no_model_to_write(told, texts, here, more):
    (here / "models").mkdir()
    status, out, error = told("tokenizer", "train", texts, "--output", "models", *more)
    assert (status, out) == (1, "")
    assert error == (
        "error[PD068]: this is a folder\n  --> models\n"
        "   = help: name a file in it: --output models/pieces.model\n"
    )


def test_a_recipe_takes_the_model_from_the_working_directory(told, texts):
    told(*f"tokenizer train {texts} --size 27".split())
    given = ["modules.data.with.tokenizer.model=pieces.model", "modules.head.with.vocab=27"]
    assert told("check", "phonograph://asr/conformer-ctc-small", *given)[0] == 0
