import threading

import pytest
import torch

from phonograph.graphs.side_by_side import batches_at_once, side_by_side


@pytest.fixture(autouse=True)
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def test_results_come_in_the_order_of_the_items():
    assert side_by_side(lambda item: item * item, list(range(20)), at_once=3) == [
        item * item for item in range(20)
    ]


def test_work_is_done_at_the_same_time_with_a_share_of_the_threads():
    together = threading.Barrier(2, timeout=30)

    def work(item):
        together.wait()
        return torch.get_num_threads()

    assert side_by_side(work, [1, 2], at_once=2) == [1, 1]
    assert torch.get_num_threads() == 2


def test_one_item_has_all_threads():
    assert side_by_side(lambda _: torch.get_num_threads(), [1], at_once=2) == [2]


def test_a_fault_is_raised_and_threads_are_given_back():
    def work(item):
        raise ValueError(item)

    with pytest.raises(ValueError, match=r"^first$"):
        side_by_side(work, ["first", "second"], at_once=2)
    assert torch.get_num_threads() == 2


def test_only_a_processor_computes_batches_at_once():
    assert batches_at_once(torch.device("cpu")) == 2
    assert batches_at_once(torch.device("cuda")) == 1
