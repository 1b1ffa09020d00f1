import json

import pytest


def test_a_good_graph_is_ok(run, graph_file):
    done = run("check", graph_file)
    assert (done.exit_code, done.stdout, done.stderr) == (0, "ok: small: 6 modules, 3 views\n", "")


def test_what_is_still_open_is_accepted_and_named(run, graph_file):
    done = run("check", graph_file, "modules.data.with.train=???", "train.optimizer.lr=???")
    assert done.exit_code == 0
    assert done.stdout == (
        "ok: small: 6 modules, 3 views\n"
        "still to be given (???): modules.data.with.train, train.optimizer.lr\n"
    )


def test_all_faults_are_told_at_once_on_standard_error(run, graph_file):
    changes = ["modules.mel.with.n_melz=3", "modules.head.from=encoder.x"]
    done = run("check", graph_file, *changes)
    assert done.exit_code == 1
    assert done.stdout == ""
    assert done.stderr == (
        "error[PG011]: `asr.log_mel` has no parameter `n_melz`\n"
        "  --> command line: modules.mel.with.n_melz=3\n"
        "   = help: did you mean `n_mels`?\n"
        "\n"
        "error[PG012]: `encoder` (asr.conformer) has no output `x`\n"
        "  --> command line: modules.head.from=encoder.x\n"
        "   = help: known are `encoded`, `lengths`\n"
        "\n"
        "2 errors\n"
    )


def test_settings_of_the_training_are_checked_too(run, graph_file):
    done = run("check", graph_file, "train.optimizer.name=adamm")
    assert done.exit_code == 1
    assert "error[PG060]: unknown optimizer `adamm`" in done.stderr


def test_an_unknown_metric_is_refused(run, graph_file):
    done = run("check", graph_file, "views.validate.score.wet=[text.text, data.text]")
    assert done.exit_code == 1
    assert "error[PG041]: unknown metric `wet`" in done.stderr
    assert done.stderr.endswith("1 error\n")


def test_an_argument_that_is_no_override_is_wrong_usage(run, graph_file):
    done = run("check", graph_file, "other.yaml")
    assert done.exit_code == 2
    assert done.stderr == (
        "Usage: phonograph check [OPTIONS] {GRAPH} [KEY=VALUE]...\n"
        "Try 'phonograph check -h' for help.\n\n"
        "Error: Invalid value for 'KEY=VALUE': `other.yaml` is not of the form key=value, "
        "such as train.trainer.max_steps=100\n"
    )


def test_json_of_a_good_graph(run, graph_file):
    done = run("check", graph_file, "--json")
    assert done.exit_code == 0
    assert json.loads(done.stdout) == {"ok": True, "name": "small", "errors": [], "left_open": []}


def test_json_of_a_faulty_graph_has_the_place(run, graph_file):
    path = graph_file
    with open(path, encoding="utf-8") as file:  # noqa: PTH123
        text = file.read().replace("n_mels: 16", "n_melz: 16")
    with open(path, "w", encoding="utf-8") as file:  # noqa: PTH123
        file.write(text)
    done = run("check", path, "--json")
    assert done.exit_code == 1
    found = json.loads(done.stdout)
    assert found["ok"] is False
    error = found["errors"][0]
    assert (error["code"], error["file"], error["line"]) == ("PG011", "small.yaml", 8)


def test_a_bundle_can_be_checked(run, bundle):
    done = run("check", bundle)
    assert (done.exit_code, done.stdout) == (0, "ok: small: 6 modules, 3 views\n")


def test_a_bundle_is_not_changed_by_overrides(run, bundle):
    done = run("check", bundle, "name=other")
    assert done.exit_code == 1
    assert done.stderr == (
        "error[PG005]: a bundle is finished: `name=other` cannot change it\n"
        "  --> command line\n"
        "   = help: start a new graph from it: init: {from: small.phono}\n"
        "\n"
        "1 error\n"
    )


def test_an_unknown_recipe_is_at_fault(run):
    done = run("check", "phonograph://asr/quartznet-15x55")
    assert done.exit_code == 1
    assert "did you mean `asr/quartznet-15x5`" in done.stderr


def test_a_shipped_recipe_is_ok(run):
    assert run("check", "phonograph://asr/quartznet-15x5").exit_code == 0


FAULTY = """\
  head: {module: asr.ctc_head, from: encoder.encodet, with: {vocab: 100}}   # scores
"""
MENDED = """\
  head: {module: asr.ctc_head, from: encoder.encoded}   # scores
"""
ORIGINAL = "  head: {module: asr.ctc_head, from: encoder.encoded}\n"


@pytest.fixture
def faulty(graph_file, here):
    path = here / graph_file
    path.write_text(path.read_text().replace(ORIGINAL, FAULTY))
    return path


def test_fix_mends_what_can_be_mended_in_one_way_and_shows_it(run, faulty, here):
    text = faulty.read_text()
    done = run("check", "small.yaml", "--fix")
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout == (
        "--- small.yaml\n"
        "+++ small.yaml, mended\n"
        "@@ -9,3 +9,3 @@\n"
        "   encoder: {module: asr.conformer, from: mel.features, with: {d_model: 8, layers: 1, "
        "stride: 2}}\n"
        f"-{FAULTY}"
        f"+{MENDED}"
        "   loss: {module: asr.ctc_loss, from: {log_probs: head.log_probs, targets: data.tokens}}\n"
        "\n"
        "small.yaml: 2 changes made\n"
        "ok: small: 6 modules, 3 views\n"
    )
    assert faulty.read_text() == text.replace(FAULTY, MENDED)
    assert [path.name for path in here.iterdir()] == ["small.yaml"]


def test_fix_keeps_line_ends_a_byte_order_mark_links_and_rights(run, faulty, here):
    content = b"\xef\xbb\xbf" + faulty.read_bytes().replace(b"\n", b"\r\n")
    (here / "sub").mkdir()
    real = here / "sub" / "real.yaml"
    real.write_bytes(content)
    real.chmod(0o640)
    (here / "link.yaml").symlink_to(real)
    assert run("check", "link.yaml", "--fix").exit_code == 0
    new = [part.encode().replace(b"\n", b"\r\n") for part in (FAULTY, MENDED)]
    assert real.read_bytes() == content.replace(*new)
    assert (here / "link.yaml").is_symlink()
    assert real.stat().st_mode & 0o777 == 0o640
    assert [path.name for path in (here / "sub").iterdir()] == ["real.yaml"]


def test_fix_tells_what_is_left(run, faulty):
    faulty.write_text(faulty.read_text().replace("asr.log_mel", "asr.logmel"))
    done = run("check", "small.yaml", "--fix")
    assert done.exit_code == 1
    assert "small.yaml: 2 changes made" in done.stdout
    assert "ok:" not in done.stdout
    assert done.stderr.startswith("\nerror[PG010]: unknown module `asr.logmel`\n")
    assert done.stderr.endswith("\n\n1 error is left for you to mend\n")


def test_fix_leaves_what_the_command_line_says(run, graph_file, here):
    before = (here / graph_file).read_bytes()
    done = run("check", graph_file, "--fix", "modules.head.with.vocab=100")
    assert (done.exit_code, done.stdout) == (1, "")
    ending = "1 error is left; --fix changes the file, not what the command line says\n"
    assert done.stderr.endswith(ending)
    assert (here / graph_file).read_bytes() == before


def test_fix_changes_nothing_in_a_file_that_holds(run, graph_file, here):
    before = (here / graph_file).stat()
    done = run("check", graph_file, "--fix")
    assert (done.exit_code, done.stdout) == (0, "ok: small: 6 modules, 3 views\n")
    assert (here / graph_file).stat().st_mtime_ns == before.st_mtime_ns


@pytest.mark.parametrize("graph", ["phonograph://asr/prompts", "small.phono"])
def test_fix_is_for_files_of_ones_own(run, graph):
    done = run("check", graph, "--fix")
    assert done.exit_code == 2
    assert f"`{graph}` is finished; --fix changes graph files of your own" in done.stderr


def test_fix_tells_a_machine_what_it_changed(run, faulty):
    told = json.loads(run("check", "small.yaml", "--json").stdout)
    assert [error["fix"]["text"] for error in told["errors"]] == ["encoder.encoded", ""]
    assert [error["fix"]["action"] for error in told["errors"]] == ["replace", "delete"]
    told = json.loads(run("check", "small.yaml", "--fix", "--json").stdout)
    assert (told["ok"], told["edits"], told["errors"]) == (True, 2, [])
    assert f"+{MENDED}" in told["diff"]


def test_fix_that_cannot_be_written_leaves_the_file(run, faulty, monkeypatch):
    text = faulty.read_text()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_bytes", full)
    done = run("check", "small.yaml", "--fix")
    assert done.exit_code == 1
    assert done.stderr == "error[PC001]: No space left on device\n"
    assert faulty.read_text() == text


def test_a_name_that_only_the_extended_file_has_is_no_hindrance_to_mend_one(run, here, graph_file):
    top = here / "top.yaml"
    line = "modules: {mel: {with: {n_mel: 8}}}\n"
    top.write_text(f"phonograph: 1\nextends: {graph_file}\n{line}", encoding="utf-8")
    assert run("check", "top.yaml", "--fix").exit_code == 0
    assert top.read_text(encoding="utf-8").endswith(line.replace("n_mel:", "n_mels:"))


def test_settings_are_checked_where_the_graph_does_not_hold(run, graph_file):
    done = run("check", graph_file, "modules.mel.with.n_mel=3", "train.optimizer.name=adm")
    assert "error[PG011]: `asr.log_mel` has no parameter `n_mel`" in done.stderr
    assert "error[PG060]: unknown optimizer `adm`" in done.stderr
    assert done.stderr.endswith("2 errors\n")


@pytest.mark.parametrize("name", ["prompts", "asr/prompts", "phonograph:/asr/prompts"])
def test_a_recipe_without_its_scheme_is_recognised(run, name):
    assert run("check", name).stderr == (
        "error[PG002]: cannot read the graph: No such file or directory\n"
        f"  --> {name}\n"
        "   = help: did you mean `phonograph://asr/prompts`?\n\n1 error\n"
    )


def test_a_misspelt_file_is_sought_beside_it(run, graph_file):
    assert f"help: did you mean `{graph_file}`?" in run("check", "smal.yaml").stderr
