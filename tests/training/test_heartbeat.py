"""Signs of life, and who stopped giving them."""

from dataclasses import replace

import pytest

from phonograph.training.heartbeat import Beat, Vigil, end_beats, read_beats, write_beat

OTHER = Beat(host="node2", pid=77, begun=5, step=4)
MINE = Beat(host="node1", pid=66, begun=6, step=4)


def _first_fault(beats, *, seconds=100, limit=30):
    """Look once a second; `beats` gives what the other process said at a time."""
    vigil = Vigil(rank=0, limit=limit)
    for time in range(seconds):
        fault = vigil.look({0: replace(MINE, count=time), 1: beats(time)}, now=time)
        if fault is not None:
            return time, fault
    return None


def test_a_process_that_lives_and_keeps_up_is_never_suspected():
    assert _first_fault(lambda time: replace(OTHER, count=time, begun=6)) is None


def test_a_process_that_gives_no_sign_of_life_is_named():
    time, fault = _first_fault(lambda time: replace(OTHER, count=min(time, 10), begun=6))
    assert time == 40
    assert (fault.code, fault.message) == (
        "PT020",
        "training process 1 (process 77 on node2) gave no sign of life for 30 seconds, "
        "after step 4",
    )


def test_a_process_that_lives_but_stays_behind_is_named():
    time, fault = _first_fault(lambda time: replace(OTHER, count=time))
    assert time == 30
    assert (fault.code, fault.message) == (
        "PT021",
        "training process 1 (process 77 on node2) lives, but has not begun another batch for "
        "30 seconds, after step 4; the others wait for it",
    )


def test_one_that_begins_a_little_later_after_a_long_step_is_not_suspected():
    vigil = Vigil(rank=0, limit=30)
    for time in range(500):
        mine, other = (replace(beat, count=time, begun=time // 100) for beat in (MINE, OTHER))
        late = other if time % 100 > 3 else replace(other, begun=max(0, time // 100 - 1))
        assert vigil.look({0: mine, 1: late}, now=time) is None


def test_a_process_that_stops_after_its_first_beat_is_named():
    _, fault = _first_fault(lambda _: OTHER)
    assert fault.code == "PT020"


def test_a_process_that_is_done_worries_nobody():
    vigil = Vigil(rank=0, limit=10)
    for time in range(50):
        beats = {1: replace(OTHER, count=time)} if time < 5 else {}
        assert vigil.look({0: MINE, **beats}, now=time) is None


def test_after_a_sleep_of_its_own_a_watcher_counts_anew():
    vigil = Vigil(rank=0, limit=30)
    for time in (0, 1, 2, 500, 501):
        other = replace(OTHER, count=min(time, 2))
        assert vigil.look({0: MINE, 1: other}, now=time) is None


def test_beats_are_read_as_they_were_written(tmp_path):
    write_beat(tmp_path, 1, OTHER)
    (tmp_path / "rank2.json").write_text("{", encoding="utf-8")
    assert read_beats(tmp_path, 3) == {1: OTHER}
    end_beats(tmp_path, 2)
    end_beats(tmp_path, 1)
    assert not tmp_path.exists()


@pytest.mark.parametrize("rank", [0, 5])
def test_the_end_of_what_never_began_is_no_fault(tmp_path, rank):
    end_beats(tmp_path / "none", rank)
