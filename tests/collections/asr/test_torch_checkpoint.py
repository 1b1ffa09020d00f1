"""Files of `torch.save` are read as tables of tensors, and nothing in them runs."""

import io
import re
import zipfile

import pytest
import torch

from phonograph.collections.asr import torch_checkpoint
from phonograph.collections.asr.torch_checkpoint import read_torch_checkpoint


class Runs:
    """Unpickling it would run something."""

    def __reduce__(self):
        return print, ("it ran",)


def saved(value):
    file = io.BytesIO()
    torch.save(value, file)
    return file


def repacked(file, compression):
    other = io.BytesIO()
    with zipfile.ZipFile(file) as before, zipfile.ZipFile(other, "w", compression) as after:
        for info in before.infolist():
            after.writestr(info.filename, before.read(info))
    return other


def test_tensors_keep_their_values_and_become_float32():
    table = {"a": torch.randn(3), "h": torch.ones(2).half(), "n": torch.tensor([1, 2])}
    found = read_torch_checkpoint(saved(table), "x.pth")
    assert torch.equal(found["a"], table["a"])
    assert (found["h"].dtype, found["n"].dtype) == (torch.float32, torch.int64)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ({"a": Runs()}, "`x.pth` wants to run `print`; only tensors are read"),
        ([torch.ones(1)], "`x.pth` is no table of at most 100,000 tensors"),
        ({"a": 1}, "`a` in `x.pth` is no plain tensor"),
        ({1: torch.ones(1)}, "`1` in `x.pth` is no plain tensor"),
        ({"a": torch.ones(1).expand(1000)}, "`a` in `x.pth` is no plain tensor"),
        ({"a": torch.ones(2).to_sparse()}, "`x.pth` is damaged, or holds more than tensors"),
    ],
)
def test_what_is_no_table_of_tensors_is_refused(value, told, capsys):
    with pytest.raises(ValueError, match=re.escape(told)):
        read_torch_checkpoint(saved(value), "x.pth")
    assert capsys.readouterr().out == ""


def test_tensors_that_share_memory_without_end_are_refused():
    shared = torch.ones(5000)
    table = {str(number): shared[:4000] for number in range(50)}
    with pytest.raises(ValueError, match=r"^the tensors in `x.pth` share too much memory$"):
        read_torch_checkpoint(saved(table), "x.pth")


def test_a_compressed_file_is_refused():
    file = repacked(saved({"a": torch.zeros(9999)}), zipfile.ZIP_DEFLATED)
    with pytest.raises(ValueError, match="is compressed, or larger inside than outside"):
        read_torch_checkpoint(file, "x.pth")


def test_a_long_index_is_refused(monkeypatch):
    monkeypatch.setattr(torch_checkpoint, "MAX_INDEX_BYTES", 10)
    with pytest.raises(ValueError, match="larger inside than outside"):
        read_torch_checkpoint(saved({"a": torch.zeros(1)}), "x.pth")


def test_a_damaged_file_is_refused():
    with pytest.raises(ValueError, match=r"`x\.pth` is damaged"):
        read_torch_checkpoint(io.BytesIO(b"\x80\x02" * 50), "x.pth")


def test_a_file_for_unzippers_to_come_is_refused():
    content = bytearray(saved({"a": torch.zeros(1)}).getvalue())
    content[content.rindex(b"PK\x01\x02") + 6] = 255
    with pytest.raises(ValueError, match=r"`x\.pth` is damaged .*: zip file version 25\.5"):
        read_torch_checkpoint(io.BytesIO(content), "x.pth")
