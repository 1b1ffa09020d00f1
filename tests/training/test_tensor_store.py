"""Tensors in memory and in a file."""

from multiprocessing.reduction import ForkingPickler

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from phonograph.training.tensor_store import TensorStore

DTYPES = [torch.float32, torch.float64, torch.bfloat16, torch.int64, torch.bool]

records = st.lists(
    st.tuples(st.sampled_from(DTYPES), st.lists(st.integers(0, 4), max_size=3)), max_size=3
)


def _tensors(record):
    return [torch.randn(shape).to(dtype) for dtype, shape in record]


@given(st.lists(records, max_size=6), st.integers(0, 400))
def test_what_was_stored_is_read_back_whatever_the_budget(tmp_path_factory, stored, memory):
    store = TensorStore(tmp_path_factory.mktemp("store") / "spill", memory=memory)
    wanted = {number: _tensors(record) for number, record in enumerate(stored)}
    for number in sorted(wanted, reverse=True):
        store.put(number, wanted[number])
    assert len(store) == len(wanted)
    assert store.bytes_in_memory <= memory
    for number, tensors in wanted.items():
        for found, tensor in zip(store.get(number), tensors, strict=True):
            assert found.dtype == tensor.dtype
            assert torch.equal(found, tensor)


def test_a_strided_tensor_on_its_way_to_the_file_keeps_its_values(tmp_path):
    store = TensorStore(tmp_path / "spill", memory=0)
    tensor = torch.arange(12).reshape(3, 4)
    store.put(0, [tensor.T, tensor[:, 1:3]])
    assert torch.equal(store.get(0)[0], tensor.T)
    assert torch.equal(store.get(0)[1], tensor[:, 1:3])


def test_memory_is_filled_before_the_file(tmp_path):
    store = TensorStore(tmp_path / "spill", memory=100)
    for number in range(3):
        store.put(number, [torch.ones(10)])
    assert (store.bytes_in_memory, (tmp_path / "spill").stat().st_size) == (80, 40)


def test_what_is_read_from_the_file_can_be_followed_by_more(tmp_path):
    store = TensorStore(tmp_path / "spill", memory=0)
    store.put(0, [torch.zeros(3)])
    assert torch.equal(store.get(0)[0], torch.zeros(3))
    store.put(1, [torch.ones(5)])
    assert torch.equal(store.get(1)[0], torch.ones(5))


def test_a_copy_reads_the_same_file(tmp_path):
    store = TensorStore(tmp_path / "spill", memory=0)
    store.put(0, [torch.ones(1000)])
    store.get(0)
    sent = ForkingPickler.dumps(store)
    assert len(sent) < 2000
    assert torch.equal(ForkingPickler.loads(sent).get(0)[0], torch.ones(1000))


def test_closing_deletes_the_file(tmp_path):
    store = TensorStore(tmp_path / "spill", memory=0)
    store.put(0, [torch.ones(3)])
    store.close()
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(KeyError):
        store.get(0)
