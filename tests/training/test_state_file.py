"""States: what is written comes back, or is refused."""

import errno

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors import SafetensorError

from phonograph.errors import PhonographError
from phonograph.training import tensor_file
from phonograph.training.state_file import read_state, write_state

KEYS = st.text(max_size=5) | st.integers()
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(KEYS, inner, max_size=3)
    ),
    max_leaves=8,
)


@given(state=st.dictionaries(KEYS, VALUES, max_size=4))
def test_plain_values_come_back_as_they_were(tmp_path_factory, state):
    path = tmp_path_factory.getbasetemp() / "plain.state"
    write_state(path, state)
    found = read_state(path)
    assert (found, repr(found)) == (state, repr(state))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.int64, torch.bool])
def test_tensors_come_back_bit_for_bit(tmp_path, dtype):
    whole = torch.arange(12).reshape(3, 4).to(dtype)
    state = {
        "c": {"a": whole.T, "b": (whole[0], whole[0])},
        "step": torch.tensor(3.0),
        "none": whole[:0],
    }
    write_state(tmp_path / "a.state", state)
    found = read_state(tmp_path / "a.state")
    assert torch.equal(found["c"]["a"], whole.T)
    assert all(torch.equal(one, whole[0]) for one in found["c"]["b"])
    assert (float(found["step"]), found["none"].shape) == (3.0, (0, 4))


@pytest.mark.parametrize("at", [0, 7, 8, 100, -30, -1])
def test_a_file_that_was_cut_off_is_refused(tmp_path, at):
    path = tmp_path / "a.state"
    write_state(path, {"weights": torch.ones(20)})
    path.write_bytes(path.read_bytes()[:at])
    with pytest.raises(PhonographError, match=r"PT010.*the state of the training cannot be read"):
        read_state(path)


def test_a_single_changed_bit_is_noticed(tmp_path):
    path = tmp_path / "a.state"
    write_state(path, {"weights": torch.ones(20)})
    content = bytearray(path.read_bytes())
    content[-3] ^= 4
    path.write_bytes(content)
    with pytest.raises(PhonographError) as caught:
        read_state(path)
    assert (
        str(caught.value).replace(str(path), "FILE")
        == """\
error[PT010]: the state of the training cannot be read: its content is not what was written
  --> FILE"""
    )


def test_what_is_no_plain_value_is_not_written(tmp_path):
    with pytest.raises(TypeError, match=r"a state cannot hold set \{1\}"):
        write_state(tmp_path / "a.state", {"seen": {1}})
    assert not list(tmp_path.iterdir())


def test_a_full_disk_leaves_the_state_that_was_there(tmp_path, monkeypatch):
    def full(*_):
        raise SafetensorError("Error while serializing: I/O error: No space left (os error 28)")

    path = tmp_path / "a.state"
    write_state(path, {"step": 1})
    monkeypatch.setattr(tensor_file, "save_file", full)
    with pytest.raises(OSError, match="No space left on device") as caught:
        write_state(path, {"step": 2})
    assert (caught.value.errno, caught.value.filename) == (errno.ENOSPC, str(path))
    assert read_state(path) == {"step": 1}
    assert [file.name for file in tmp_path.iterdir()] == ["a.state"]
