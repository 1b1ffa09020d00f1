import pytest
import torch

from phonograph.graphs.device import pick_device


@pytest.fixture
def machine(monkeypatch):
    """Give this machine as many graphics processors as a test wants."""

    def have(present: int) -> None:
        current = torch.device("cuda") if present else None
        monkeypatch.setattr(torch.accelerator, "is_available", lambda: present > 0)
        monkeypatch.setattr(torch.accelerator, "device_count", lambda: present)
        monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda: current)

    return have


@pytest.mark.parametrize(("present", "kind"), [(0, "cpu"), (1, "cuda")])
def test_auto_takes_a_graphics_processor_where_there_is_one(machine, present, kind):
    machine(present)
    assert pick_device("auto") == kind
    assert pick_device("cpu") == "cpu"


def test_each_graphics_processor_has_a_number(machine):
    machine(2)
    assert [pick_device(name) for name in ("cuda", "cuda:0", "cuda:1")] == [
        "cuda",
        "cuda:0",
        "cuda:1",
    ]


@pytest.mark.parametrize(
    ("present", "name", "message"),
    [
        (0, "foo", "`foo` is no device; write auto, cpu, cuda, cuda:1 or mps"),
        (0, "cuda", "this machine has no `cuda`: it has cpu only"),
        (1, "cuda:1", "this machine has no `cuda:1`: it has cpu and 1 x cuda"),
        (1, "mps", "this machine has no `mps`: it has cpu and 1 x cuda"),
    ],
)
def test_a_device_that_is_not_there_is_refused(machine, present, name, message):
    machine(present)
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        pick_device(name)
    assert str(caught.value) == message
