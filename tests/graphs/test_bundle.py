import json
import zipfile
from pathlib import Path

import pytest
import torch

from phonograph.errors import BundleError
from phonograph.graphs.bundle import open_bundle, read_bundle, save_bundle
from phonograph.graphs.lock import to_lock
from phonograph.graphs.model import build


@pytest.fixture
def saved(tiny, tmp_path):
    graph = tiny()
    model = build(graph)
    path = tmp_path / "tiny.phono"
    save_bundle(path, graph, model.module.state_dict(), {"wer": 0.5})
    return path, graph, model


def rewritten(path: Path, **members: bytes) -> Path:
    """Copy a bundle with some members replaced; a key's first underscore stands for the dot."""
    other = path.with_name("other.phono")
    replaced = {name.replace("_", ".", 1): data for name, data in members.items()}
    with zipfile.ZipFile(path) as archive, zipfile.ZipFile(other, "w") as out:
        for name in dict.fromkeys([*archive.namelist(), *replaced]):
            out.writestr(name, replaced.get(name) or archive.read(name))
    return other


def test_a_bundle_opens_with_the_same_graph_and_weights(saved, registry):
    path, graph, model = saved
    bundle = read_bundle(path, registry)
    assert to_lock(bundle.graph) == to_lock(graph)
    assert bundle.notes["wer"] == 0.5
    opened = open_bundle(path, registry)
    for name, weight in model.module.state_dict().items():
        assert torch.equal(opened.module.state_dict()[name], weight)
    assert not opened.module.training


def test_a_failed_write_leaves_the_old_bundle_and_no_other_file(saved, monkeypatch):
    path, graph, model = saved
    before = path.read_bytes()
    names = set(path.parent.iterdir())

    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(zipfile.ZipFile, "writestr", fail)
    with pytest.raises(OSError, match="disk full"):
        save_bundle(path, graph, model.module.state_dict(), {})
    assert path.read_bytes() == before
    assert set(path.parent.iterdir()) == names


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", "it is not a phonograph bundle: File is not a zip file"),
        (b"PK\x03\x04 and then nothing", "it is not a phonograph bundle: File is not a zip file"),
    ],
)
def test_other_files_are_refused(tmp_path, registry, content, text):
    path = tmp_path / "x.phono"
    path.write_bytes(content)
    with pytest.raises(BundleError) as caught:
        read_bundle(path, registry)
    assert str(caught.value) == f"error[PB001]: cannot read the bundle: {text}\n  --> {path}"


def test_a_missing_file_is_refused(tmp_path, registry):
    with pytest.raises(BundleError, match="No such file"):
        read_bundle(tmp_path / "none.phono", registry)


def test_every_truncation_is_refused(saved, registry):
    path, *_ = saved
    content = path.read_bytes()
    cut = path.with_name("cut.phono")
    for size in range(0, len(content), len(content) // 17):
        cut.write_bytes(content[:size])
        with pytest.raises(BundleError):
            read_bundle(cut, registry)


def test_a_changed_byte_in_the_weights_is_noticed(saved, registry):
    path, *_ = saved
    content = bytearray(path.read_bytes())
    content[-400] ^= 0xFF
    broken = path.with_name("broken.phono")
    broken.write_bytes(bytes(content))
    with pytest.raises(BundleError):
        read_bundle(broken, registry)


def test_extra_members_are_refused(saved, registry):
    path, *_ = saved
    other = path.with_name("other.phono")
    other.write_bytes(path.read_bytes())
    with zipfile.ZipFile(other, "a") as archive:
        archive.writestr("../../evil.py", b"boom")
    with pytest.raises(BundleError, match=r"a bundle holds graph\.json"):
        read_bundle(other, registry)


def test_a_graph_that_does_not_hold_is_refused_with_its_faults(saved, registry):
    path, graph, _ = saved
    lock = to_lock(graph)
    lock["modules"]["head"]["with"]["vocab"] = 7
    with pytest.raises(BundleError, match="vocabulary sizes disagree"):
        read_bundle(rewritten(path, graph_json=json.dumps(lock).encode()), registry)


def test_weights_of_another_size_are_refused(saved, registry):
    path, graph, _ = saved
    lock = to_lock(graph)
    lock["modules"]["encoder"]["with"]["layers"] = 2
    with pytest.raises(BundleError, match="weights do not fit its graph"):
        open_bundle(rewritten(path, graph_json=json.dumps(lock).encode()), registry)


def test_a_graph_of_unknown_modules_is_refused(saved, registry):
    path, graph, _ = saved
    lock = to_lock(graph)
    lock["modules"]["head"]["module"] = "os.system"
    with pytest.raises(BundleError, match=r"unknown module `os\.system`"):
        read_bundle(rewritten(path, graph_json=json.dumps(lock).encode()), registry)
