import json


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
