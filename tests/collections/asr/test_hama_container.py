"""A container is read whole or refused in words."""

import contextlib
import struct

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from phonograph.collections.asr.hama_container import read_container
from phonograph.errors import BundleError

KINDS = {torch.float32: 0, torch.float16: 1}


def entry(name, kind, shape, offset, size):
    encoded = name.encode()
    head = struct.pack("<H", len(encoded)) + encoded + struct.pack("<BB", kind, len(shape))
    return head + struct.pack(f"<{len(shape)}I", *shape) + struct.pack("<QQ", offset, size)


def container(tensors):
    table, data = b"", b""
    for name, tensor in tensors.items():
        content = tensor.numpy().tobytes()
        table += entry(name, KINDS[tensor.dtype], tensor.shape, len(data), len(content))
        data += content
    return b"HAMAPK\x01\x02" + struct.pack("<I", len(tensors)) + table + b"\0" * 5 + data


@pytest.fixture
def tensors():
    return {"a": torch.randn(2, 3), "b": torch.randn(4).half(), "c": torch.tensor(2.5)}


def refusal(content):
    with pytest.raises(BundleError) as caught:
        read_container(content, "x.hama")
    return str(caught.value)


def test_every_tensor_comes_back_as_float32(tensors):
    found = read_container(container(tensors), "x.hama")
    assert list(found) == list(tensors)
    for name, tensor in tensors.items():
        assert torch.equal(found[name], tensor.float())
        assert found[name].dtype == torch.float32


def test_a_fault_has_code_file_and_help(tensors):
    assert refusal(container(tensors)[:30]) == (
        "error[PB013]: cannot read `x.hama`: it ends at byte 30, inside its table\n"
        "   = help: install the package again: pip install --force-reinstall hama==1.7.0"
    )


def one(**change):
    fields = {"name": "a", "kind": 0, "shape": (2,), "offset": 0, "size": 8} | change
    return b"HAMAPK\x01\x02" + struct.pack("<I", 1) + entry(**fields) + b"\0" * 8


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"PK\x03\x04 and more", "it does not begin as a HAMAPK file of version 1.2"),
        (
            b"HAMAPK\x01\x02" + struct.pack("<I", 1 << 31),
            "it claims 2147483648 tensors; at most 4096 are read",
        ),
        (one(kind=7), "`a` has the unknown number type 7"),
        (one(shape=(1,) * 9), "`a` claims 9 dimensions; at most 8 are read"),
        (one(shape=(3,)), "`a` has 8 bytes, which do not make [3] numbers"),
        (one(shape=(1 << 31, 1 << 31)), "which do not make [2147483648, 2147483648] numbers"),
        (one(offset=1 << 40), "it is 1099511627739 bytes too short"),
    ],
)
def test_what_does_not_hold_is_told(content, told):
    assert told in refusal(content)


@given(st.data())
def test_damage_gives_tensors_or_a_refusal_and_nothing_else(data):
    content = bytearray(container({"a": torch.ones(2, 3), "bc": torch.ones(4).half()}))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place] = data.draw(st.integers(0, 255))
    with contextlib.suppress(BundleError):
        read_container(bytes(content[: data.draw(st.integers(0, len(content)))]), "x.hama")
