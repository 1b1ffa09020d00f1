"""No process outlives the one that started it."""

import multiprocessing
import time

import pytest

from phonograph.training.orphans import end_with_parent

SPAWN = multiprocessing.get_context("spawn")


def _idle(pipe):
    end_with_parent()
    pipe.send("alive")
    time.sleep(60)


def _start_another(pipe):
    SPAWN.Process(target=_idle, args=(pipe,)).start()
    time.sleep(60)


def test_a_process_ends_when_the_one_that_started_it_is_killed():
    here, there = SPAWN.Pipe(duplex=False)
    parent = SPAWN.Process(target=_start_another, args=(there,))
    parent.start()
    there.close()
    assert here.recv() == "alive"
    assert not here.poll(0.1)
    parent.kill()
    parent.join()
    assert here.poll(10)
    with pytest.raises(EOFError):  # the last process that could send is gone
        here.recv()


def test_a_process_without_such_a_parent_goes_on():
    end_with_parent()
