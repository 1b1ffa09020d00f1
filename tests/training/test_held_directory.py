"""One training in a directory, and what a disk refuses."""

import errno
import os
import signal
import socket
import subprocess
import sys
import threading

import pytest

from phonograph.errors import PhonographError
from phonograph.training.held_directory import held, telling_of_disks

HOLD = """\
import sys, time
from pathlib import Path
from phonograph.training.held_directory import held
with held(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path):
    """Another process that holds the directory."""
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_directory_that_is_held_names_its_holder(holder, tmp_path):
    with pytest.raises(PhonographError) as caught, held(tmp_path):
        pass
    by = f"process {holder.pid} on {socket.gethostname()}"
    assert (
        str(caught.value)
        == f"""\
error[PT014]: another training ({by}) is at work in this directory
  --> {tmp_path}
   = help: wait for it, or train into another: --run DIR"""
    )


def test_a_holder_that_is_killed_lets_go(holder, tmp_path):
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert (tmp_path / ".holder").exists()
    with held(tmp_path):
        text = (tmp_path / ".holder").read_text(encoding="utf-8")
        assert text.startswith(f"process {os.getpid()} on ")
    assert not (tmp_path / ".holder").exists()


def test_a_directory_can_be_held_again_by_way_of_the_same_file(tmp_path):
    with held(tmp_path):
        first = (tmp_path / ".lock").stat().st_ino
    with held(tmp_path):
        assert (tmp_path / ".lock").stat().st_ino == first


@pytest.mark.parametrize(
    ("number", "help"),
    [
        (errno.ENOSPC, "free some space and give the same command: it goes on from the last state"),
        (errno.EROFS, "choose another folder: --run DIR"),
    ],
)
def test_what_a_disk_refuses_is_told_with_a_way_out(tmp_path, number, help):
    file = str(tmp_path / "last.phono")
    with pytest.raises(PhonographError) as caught, telling_of_disks(tmp_path):
        raise OSError(number, os.strerror(number), file)
    assert (
        str(caught.value)
        == f"""\
error[PT011]: this cannot be written: {os.strerror(number).lower()}
  --> {file}
   = help: {help}"""
    )


def test_other_errors_of_the_system_are_left_as_they_are(tmp_path):
    with pytest.raises(OSError, match="no such process"), telling_of_disks(tmp_path):
        raise OSError(errno.ESRCH, "no such process")


def test_a_thread_that_finds_the_disk_full_prints_no_traceback(tmp_path, monkeypatch):
    printed = []
    monkeypatch.setattr(threading, "excepthook", lambda failed: printed.append(failed.exc_value))

    def fail(error):
        raise error

    full, other = OSError(errno.ENOSPC, "full"), ValueError("another")
    with telling_of_disks(tmp_path):
        for error in (full, other):
            thread = threading.Thread(target=fail, args=(error,))
            thread.start()
            thread.join()
    assert printed == [other]
