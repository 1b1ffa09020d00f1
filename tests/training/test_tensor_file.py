"""Tensors in a file that is whole or not there."""

import errno

import pytest
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from phonograph.training import tensor_file
from phonograph.training.tensor_file import write_tensors


def test_tensors_that_share_memory_are_written_one_by_one(tmp_path):
    weight = torch.arange(6.0).view(2, 3)
    write_tensors(tmp_path / "a.safetensors", {"weight": weight, "tied": weight.mT})
    found = load_file(tmp_path / "a.safetensors")
    assert torch.equal(found["weight"], weight)
    assert torch.equal(found["tied"], weight.mT)


def test_a_full_disk_is_an_error_of_the_system_and_leaves_nothing(tmp_path, monkeypatch):
    def full(*_):
        raise SafetensorError("Error while serializing: I/O error: No space (os error 28)")

    monkeypatch.setattr(tensor_file, "save_file", full)
    with pytest.raises(OSError, match=r"a\.safetensors") as caught:
        write_tensors(tmp_path / "a.safetensors", {"weight": torch.ones(1)})
    assert caught.value.errno == errno.ENOSPC
    assert list(tmp_path.iterdir()) == []
