"""A `.nemo` file is read as data only: whatever is not plain, small and complete is refused."""

import gzip
import io
import os
import tarfile
import zipfile

import pytest
import torch

from phonograph.collections.asr.nemo import archive
from phonograph.collections.asr.nemo.archive import read_archive
from phonograph.errors import BundleError

CONFIGURATION = b"target: x\n"
TENSORS = {"a.weight": torch.arange(6.0).view(2, 3), "a.steps": torch.tensor(3)}


def saved(value, **settings) -> bytes:
    file = io.BytesIO()
    torch.save(value, file, **settings)
    return file.getvalue()


WHOLE = {"model_config.yaml": CONFIGURATION, "model_weights.ckpt": saved(TENSORS)}


def tar(members, start="./") -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as written:
        for name, content in members.items():
            member = name if isinstance(name, tarfile.TarInfo) else tarfile.TarInfo(start + name)
            member.size = len(content)
            written.addfile(member, io.BytesIO(content))
    return file.getvalue()


def special(name, kind, target="") -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    return member


@pytest.fixture
def read(tmp_path):
    def read_content(content: bytes):
        path = tmp_path / "x.nemo"
        path.write_bytes(content)
        return read_archive(path)

    return read_content


@pytest.fixture
def refused(read):
    """Read what must not be read, and return why."""

    def told(content: bytes) -> str:
        with pytest.raises(BundleError) as caught:
            read(content)
        (fault,) = caught.value.diagnostics
        assert fault.code == "PB030"
        assert fault.message.startswith("cannot read the checkpoint: ")
        return fault.message.removeprefix("cannot read the checkpoint: ")

    return told


@pytest.mark.parametrize("start", ["./", ""])
@pytest.mark.parametrize("compress", [bytes, gzip.compress])
def test_plain_and_zipped_archives_with_and_without_a_leading_dot_are_read(read, start, compress):
    folder = special("./", tarfile.DIRTYPE)
    found = read(compress(tar({folder: b"", **WHOLE, "ab_tokenizer.model": b"pieces"}, start)))
    assert found.configuration == CONFIGURATION.decode()
    assert found.files == {"ab_tokenizer.model": b"pieces"}
    assert found.tensors.keys() == TENSORS.keys()
    assert torch.equal(found.tensors["a.weight"], TENSORS["a.weight"])
    assert found.tensors["a.steps"].dtype == torch.int64


def test_numbers_of_every_precision_become_float32(read):
    tensors = {
        str(dtype): torch.ones(2, dtype=dtype)
        for dtype in (torch.float64, torch.float16, torch.bfloat16)
    }
    found = read(tar({**WHOLE, "model_weights.ckpt": saved(tensors)})).tensors
    assert {tensor.dtype for tensor in found.values()} == {torch.float32}


def test_nothing_is_written_to_disk(read, tmp_path):
    read(tar({**WHOLE, "folder/file": b"x"}))
    assert [path.name for path in tmp_path.iterdir()] == ["x.nemo"]


@pytest.mark.parametrize("name", ["../evil", "a/../../evil", "/etc/evil", "a\\..\\evil"])
def test_a_name_that_leads_outside_is_refused(refused, name):
    assert refused(tar({**WHOLE, name: b"x"}, start="")) == f"`{name}` would lie outside of it"


@pytest.mark.parametrize(
    "kind",
    [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE],
)
def test_links_and_devices_are_refused(refused, kind):
    member = special("model_config.yaml", kind, "/etc/passwd")
    told = "`model_config.yaml` is no plain file but a link or a device"
    assert refused(tar({member: b""})) == told


def test_a_sparse_file_is_refused(refused):
    member = special("./model_weights.ckpt", tarfile.GNUTYPE_SPARSE)
    assert "no plain file" in refused(tar({member: b""}))


def test_a_file_that_is_there_twice_is_refused(refused):
    again = tarfile.TarInfo("model_config.yaml")
    assert refused(tar({**WHOLE, again: b"x"})) == "it has `model_config.yaml` twice"


@pytest.mark.parametrize("name", list(WHOLE))
def test_a_missing_file_is_named(refused, name):
    rest = {key: content for key, content in WHOLE.items() if key != name}
    assert refused(tar(rest)) == f"it has no `{name}`; it is not the checkpoint of one model"


def test_too_many_files_are_refused(refused):
    assert refused(tar({**WHOLE, **{str(n): b"" for n in range(300)}})) == (
        "it has more than 256 files"
    )


def test_a_file_that_is_too_large_is_refused_before_it_is_read(refused, monkeypatch):
    monkeypatch.setattr(archive, "MAX_FILE_BYTES", 1000)
    assert refused(tar({"big": bytes(1001), **WHOLE})) == "`big` is too large: 1,001 bytes"
    monkeypatch.setattr(archive, "MAX_BYTES", 5)
    assert "`model_config.yaml` is too large" in refused(tar(WHOLE))


def test_a_zipped_bomb_is_refused_before_it_unfolds(refused):
    member = tarfile.TarInfo("bomb")
    member.size = 1 << 40
    header = member.tobuf() + bytes(1024)
    assert refused(gzip.compress(header)) == f"`bomb` is too large: {1 << 40:,} bytes"


def test_a_header_that_asks_for_all_memory_is_refused(refused):
    member = special("x", tarfile.XHDTYPE)
    member.size = 1 << 40
    header = member.tobuf(tarfile.GNU_FORMAT)
    assert refused(header + bytes(1024)) == "one of its headers is too large"


def test_names_of_names_without_end_are_refused(refused):
    header = special("x", tarfile.GNUTYPE_LONGNAME).tobuf(tarfile.GNU_FORMAT)
    assert refused(header * 3000).startswith("it is damaged, or no tar archive")


@pytest.mark.parametrize(
    "content",
    [b"", b"x" * 2000, b"PK\x03\x04" + bytes(600), bytes(512), gzip.compress(b"x" * 2000)],
    ids=["nothing", "text", "a zip", "zeros", "text that is zipped"],  # gzip writes the time
)
def test_what_is_no_tar_is_refused(refused, content):
    assert refused(content).startswith(("it is damaged, or no tar", "it has no `model_config"))


@pytest.mark.parametrize("compress", [bytes, gzip.compress])
def test_a_file_that_is_cut_off_anywhere_is_refused(refused, compress):
    content = compress(tar(WHOLE).rstrip(b"\0"))
    for size in range(20, len(content), max(1, len(content) // 30)):
        assert refused(content[:size])


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(BundleError, match="No such file or directory"):
        read_archive(tmp_path / "no.nemo")
    with pytest.raises(BundleError, match="Is a directory"):
        read_archive(tmp_path)


def test_a_configuration_that_is_no_text_is_refused(refused):
    told = refused(tar({**WHOLE, "model_config.yaml": b"\xff\xfe\xfa"}))
    assert told == "`model_config.yaml` is not UTF-8 text"


class Evil:
    def __reduce__(self):
        return os.system, ("touch /tmp/phonograph-was-here",)


def test_code_in_the_weights_does_not_run(refused):
    told = refused(tar({**WHOLE, "model_weights.ckpt": saved({"a": Evil()})}))
    assert told == "`model_weights.ckpt` wants to run `posix.system`; only tensors are read"
    assert not os.path.exists("/tmp/phonograph-was-here")  # noqa: PTH110


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ([torch.ones(1)], "is no table of at most 100,000 tensors"),
        ({"a": 3}, "`a` in `model_weights.ckpt` is no plain tensor"),
        ({"a": {"b": torch.ones(1)}}, "`a` in `model_weights.ckpt` is no plain tensor"),
        ({3: torch.ones(1)}, "`3` in `model_weights.ckpt` is no plain tensor"),
        ({"a": torch.ones(1).to_sparse()}, "damaged, or holds more than tensors"),
        ({"a": torch.ones(1, dtype=torch.complex64)}, "is no plain tensor"),
        ({"a": torch.ones(1).expand(1 << 30)}, "is no plain tensor"),
    ],
)
def test_weights_that_are_not_plain_tensors_are_refused(refused, value, told):
    assert told in refused(tar({**WHOLE, "model_weights.ckpt": saved(value)}))


def test_tensors_that_share_too_much_memory_are_refused(refused):
    shared = torch.ones(1 << 16)
    content = saved({str(number): shared for number in range(20)})
    assert "share too much memory" in refused(tar({**WHOLE, "model_weights.ckpt": content}))


def test_weights_that_unfold_are_refused(refused):
    file = io.BytesIO()
    stored = zipfile.ZipFile(io.BytesIO(WHOLE["model_weights.ckpt"]))
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as written:
        for name in stored.namelist():
            written.writestr(name, stored.read(name))
    told = refused(tar({**WHOLE, "model_weights.ckpt": file.getvalue()}))
    assert told == "`model_weights.ckpt` is compressed, or larger inside than outside"


@pytest.mark.parametrize("content", [b"", b"no zip", saved(TENSORS)[:-30]])
def test_damaged_weights_are_refused(refused, content):
    told = refused(tar({**WHOLE, "model_weights.ckpt": content}))
    assert told.startswith("`model_weights.ckpt` is damaged or of a release before 2020")


def test_the_form_before_zip_is_refused(refused):
    old = saved(TENSORS, _use_new_zipfile_serialization=False)
    assert "a release before 2020" in refused(tar({**WHOLE, "model_weights.ckpt": old}))


def test_changed_bytes_never_give_anything_but_an_archive_or_a_refusal(read):
    content = bytearray(tar(WHOLE))
    for place in range(0, len(content), 37):
        kept = content[place]
        content[place] ^= 0xFF
        try:
            assert read(bytes(content)).tensors is not None
        except BundleError as error:
            assert error.diagnostics[0].code == "PB030"  # noqa: PT017
        content[place] = kept
