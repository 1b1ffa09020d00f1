import json
import zipfile
from pathlib import Path

import pytest
import torch

from phonograph.errors import BundleError
from phonograph.graphs.bundle import open_bundle, read_bundle, save_bundle
from phonograph.graphs.lock import fingerprint, to_lock
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


def test_a_graph_given_for_a_bundle_says_what_is_missing(tiny, tmp_path, registry):
    tiny()
    with pytest.raises(BundleError) as caught:
        read_bundle(tmp_path / "tiny.yaml", registry)
    [fault] = caught.value.diagnostics
    assert fault.help == "a graph has no weights: train it, then use runs/…/best.phono"


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
    notes = json.dumps({"fingerprint": fingerprint(lock)}).encode()
    other = rewritten(path, graph_json=json.dumps(lock).encode(), notes_json=notes)
    with pytest.raises(BundleError, match=r"weights do not fit its graph: encoder\.layers\.1"):
        read_bundle(other, registry)


def test_weights_of_nodes_that_are_not_there_are_refused(saved, tmp_path, registry):
    _, graph, model = saved
    weights = {**model.module.state_dict(), "ghost.weight": torch.zeros(1)}
    save_bundle(tmp_path / "ghost.phono", graph, weights, {})
    with pytest.raises(BundleError, match=r"weights do not fit its graph: ghost\.weight"):
        read_bundle(tmp_path / "ghost.phono", registry)


def test_a_graph_that_was_changed_afterwards_is_refused(saved, registry):
    path, graph, _ = saved
    lock = to_lock(graph)
    lock["modules"]["mel"]["with"]["hop"] = 0.02
    with pytest.raises(BundleError, match=r"graph\.json was changed after it was written"):
        read_bundle(rewritten(path, graph_json=json.dumps(lock).encode()), registry)


@pytest.mark.parametrize("member", ["graph_json", "notes_json"])
@pytest.mark.parametrize("content", [b"3", b"null", b"[]", b'"x"', b"[" * 200_000, b"{"])
def test_members_that_are_no_mappings_are_refused(saved, registry, member, content):
    path, *_ = saved
    with pytest.raises(BundleError, match="PB003"):
        read_bundle(rewritten(path, **{member: content}), registry)


@pytest.mark.parametrize("flag", [0x1, 0x20, 0x40])
def test_encrypted_and_patched_members_are_refused(saved, registry, flag):
    path, *_ = saved
    content = bytearray(path.read_bytes())
    start = content.index(b"PK\x01\x02")
    content[start + 8] |= flag
    other = path.with_name("other.phono")
    other.write_bytes(bytes(content))
    with pytest.raises(BundleError, match="is compressed, encrypted or too large"):
        read_bundle(other, registry)


def test_tensors_that_share_memory_are_saved(tiny, tmp_path, registry):
    graph = tiny()
    weights = build(graph).module.state_dict()
    weights["encoder.layers.0.norm.weight"] = weights["encoder.layers.0.norm.bias"]
    save_bundle(tmp_path / "tied.phono", graph, weights, {})
    opened = open_bundle(tmp_path / "tied.phono", registry).module.state_dict()
    assert torch.equal(
        opened["encoder.layers.0.norm.weight"], weights["encoder.layers.0.norm.bias"]
    )


def test_a_graph_of_unknown_modules_is_refused(saved, registry):
    path, graph, _ = saved
    lock = to_lock(graph)
    lock["modules"]["head"]["module"] = "os.system"
    with pytest.raises(BundleError, match=r"unknown module `os\.system`"):
        read_bundle(rewritten(path, graph_json=json.dumps(lock).encode()), registry)


def test_the_same_content_gives_the_same_bytes(tiny, tmp_path):
    graph = tiny()
    weights = build(graph).module.state_dict()
    other = tiny("modules.head.with.vocab=3", "modules.mel.with={hop: 0.01, n_mels: 8}")
    for name, one in (("a", graph), ("b", other)):
        save_bundle(tmp_path / f"{name}.phono", one, weights, {"wer": 0.5})
    assert (tmp_path / "a.phono").read_bytes() == (tmp_path / "b.phono").read_bytes()


def damaged(path: Path, old: bytes, new: bytes) -> Path:
    """Copy a bundle with some bytes of its directory replaced."""
    content = path.read_bytes()
    start = content.index(b"PK\x01\x02")
    other = path.with_name("other.phono")
    other.write_bytes(content[:start] + content[start:].replace(old, new, 1))
    return other


def test_a_zip_of_a_later_kind_is_refused(saved, registry):
    other = damaged(saved[0], b"PK\x01\x02\x14\x03\x14\x00", b"PK\x01\x02\x14\x03\xff\x00")
    with pytest.raises(BundleError, match=r"zip file version 25\.5"):
        read_bundle(other, registry)


def test_a_zip_with_names_that_are_no_text_is_refused(saved, registry):
    content = saved[0].read_bytes()
    at = content.index(b"PK\x01\x02")
    flags = content[: at + 8] + b"\x00\x08" + content[at + 10 :]  # names are UTF-8
    name = flags.index(b"graph", at)
    other = saved[0].with_name("other.phono")
    other.write_bytes(flags[:name] + b"\xff" + flags[name + 1 :])
    with pytest.raises(BundleError, match=r"it is not a phonograph bundle: .*utf-8"):
        read_bundle(other, registry)


@pytest.mark.parametrize("member", ["graph_json", "notes_json"])
def test_half_a_character_in_a_bundle_is_refused(saved, registry, member):
    with zipfile.ZipFile(saved[0]) as archive:
        held = json.loads(archive.read(member.replace("_", ".")))
    held["name"] = "\ud800"
    other = rewritten(saved[0], **{member: json.dumps(held).encode()})
    with pytest.raises(BundleError, match=r"it is damaged: .*surrogates not allowed"):
        read_bundle(other, registry)
