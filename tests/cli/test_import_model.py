import importlib.util
import re
from pathlib import Path

import pytest
import yaml

from phonograph.collections.asr import import_hama

MAKER = Path(__file__).parents[1] / "collections/asr/nemo/conftest.py"

needs_hama = pytest.mark.skipif(
    importlib.util.find_spec("hama") is None,
    reason='the optional package is not installed: pip install "phonograph[hama]"',
)


@pytest.fixture
def checkpoint(here):
    """Write a tiny checkpoint of NeMo's; changes are by the path of a setting."""
    spec = importlib.util.spec_from_file_location("nemo_maker", MAKER)
    assert spec is not None
    assert spec.loader is not None
    maker = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(maker)

    def write(**encoder):
        configuration = maker.configuration()
        configuration["encoder"] |= encoder
        members = {
            "model_config.yaml": yaml.safe_dump(configuration, sort_keys=False).encode(),
            "model_weights.ckpt": maker.saved(maker.weights()),
        }
        return maker.write_tar(here / "tiny.nemo", members).name

    return write


@needs_hama
def test_what_is_imported_transcribes(run, record):
    done = run("import", "hama", "sub/hama.phono")
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert re.fullmatch(r"sub/hama\.phono: 2,\d{3},\d{3} parameters of hama", lines[0])
    assert lines[1:] == [
        "look at it:     phonograph show sub/hama.phono",
        "start from it:  phonograph train GRAPH init.from=sub/hama.phono",
    ]
    assert run("transcribe", "sub/hama.phono", str(record("a.wav"))).exit_code == 0


def test_a_checkpoint_becomes_a_bundle_that_transcribes(run, checkpoint, record):
    done = run("import", checkpoint(), "tiny.phono")
    assert done.exit_code == 0
    assert done.stdout.splitlines() == [
        "tiny.phono: 277 parameters of tiny.nemo",
        "left out, being of training or without effect on results: optim",
        "look at it:     phonograph show tiny.phono",
        "start from it:  phonograph train GRAPH init.from=tiny.phono",
    ]
    assert run("transcribe", "tiny.phono", str(record("a.wav", rate=16000))).exit_code == 0


def test_a_graph_for_further_training_is_written_beside_it(run, checkpoint):
    done = run("import", checkpoint(), "tiny.phono", "--graph", "sub/further.yaml")
    assert done.exit_code == 0
    assert done.stdout.splitlines()[-1] == "start from it:  phonograph train sub/further.yaml"
    checked = run("check", "sub/further.yaml")
    assert checked.exit_code == 0
    assert "modules.data.with.train" in checked.stdout


def test_unsupported_settings_are_listed_with_their_places_and_nothing_is_written(
    run, checkpoint, here
):
    done = run("import", checkpoint(colour="red", shape=3), "x.phono", "--graph", "x.yaml")
    assert done.exit_code == 1
    assert "error[PB031]: `encoder.colour` is not supported\n" in done.stderr
    assert "error[PB031]: `encoder.shape` is not supported\n" in done.stderr
    assert re.search(r"--> tiny\.nemo/model_config\.yaml:\d+:\d+\n", done.stderr)
    assert "Traceback" not in done.stderr
    assert [path.name for path in here.iterdir()] == ["tiny.nemo"]


@pytest.mark.parametrize("content", [b"", b"x" * 999])
def test_a_damaged_checkpoint_is_told_and_nothing_is_written(run, here, content):
    (here / "bad.nemo").write_bytes(content)
    done = run("import", "bad.nemo", "x.phono")
    assert done.exit_code == 1
    assert done.stderr.startswith("error[PB030]: cannot read the checkpoint: ")
    assert [path.name for path in here.iterdir()] == ["bad.nemo"]


@pytest.mark.parametrize("taken", ["x.phono", "x.yaml", "x.model"])
def test_nothing_that_exists_is_replaced(run, checkpoint, here, taken):
    (here / taken).write_text("mine")
    done = run("import", checkpoint(), "x.phono", "--graph", "x.yaml")
    assert done.exit_code == 1
    assert f"error[PB020]: `{taken}` exists" in done.stderr
    assert (here / taken).read_text() == "mine"
    assert sorted(path.name for path in here.iterdir()) == sorted(["tiny.nemo", taken])
    assert run("import", checkpoint(), "x.phono", "--graph", "x.yaml", "--overwrite").exit_code == 0


@needs_hama
def test_a_graph_without_a_loss_is_told_before_anything_is_written(run, here):
    done = run("import", "hama", "x.phono", "--graph", "x.yaml")
    assert done.exit_code == 1
    assert "error[PB022]: `x.yaml` is not written: the graph has no loss" in done.stderr
    assert list(here.iterdir()) == []


def test_a_file_of_another_kind_is_wrong_usage(run, here):
    (here / "x.ckpt").touch()
    done = run("import", "x.ckpt", "x.phono")
    assert done.exit_code == 2
    assert "is neither a .nemo file nor a folder" in " ".join(done.stderr.split())


def test_another_ending_of_the_graph_is_wrong_usage(run, checkpoint):
    done = run("import", checkpoint(), "x.phono", "--graph", "x.json")
    assert done.exit_code == 2
    assert "`x.json` must end in .yaml" in done.stderr


def test_a_file_that_exists_is_kept(run, bundle):
    done = run("import", "hama", bundle)
    assert done.exit_code == 1
    assert done.stderr == (
        "error[PB020]: `small.phono` exists\n"
        "  --> small.phono\n"
        "   = help: choose another name, or add --overwrite\n"
    )


def test_an_unknown_source_is_wrong_usage(run):
    done = run("import", "hana", "x.phono")
    assert done.exit_code == 2
    assert "`hana` is not known; did you mean `hama`?" in done.stderr


def test_another_ending_is_wrong_usage(run):
    done = run("import", "hama", "x.zip")
    assert done.exit_code == 2
    assert "`x.zip` must end in .phono" in done.stderr


def test_a_missing_package_is_told_with_how_to_get_it(run, here, monkeypatch):
    monkeypatch.setattr(import_hama, "find_spec", lambda name: None)
    done = run("import", "hama", "x.phono")
    assert done.exit_code == 1
    assert 'pip install "phonograph[hama]"' in done.stderr
    assert list(here.iterdir()) == []
