"""The thread of a process that beats, and watches the others."""

import threading
from types import SimpleNamespace

import pytest

from phonograph.errors import Diagnostic
from phonograph.training.heartbeat import Beat, read_beats, write_beat
from phonograph.training.rank_watch import RankWatch


@pytest.fixture
def trainer():
    """Two processes, of which this is the first; notes what the beats are at the barrier."""
    found = SimpleNamespace(world_size=2, global_rank=0, strategy=SimpleNamespace(), met=[])
    found.strategy.barrier = lambda: found.met.append(found.look())
    return found


def test_the_beat_of_an_earlier_training_is_gone_before_anybody_watches(tmp_path, trainer):
    write_beat(tmp_path, 0, Beat(host="gone", pid=1, count=9))
    trainer.look = lambda: read_beats(tmp_path, 2)
    watch = RankWatch(tmp_path, lambda fault: None, limit=100)
    watch.on_train_start(trainer)
    watch.close()
    (beats,) = trainer.met
    assert (beats[0].host, beats[0].count) != ("gone", 9)
    assert not tmp_path.exists()


def test_one_that_stops_after_its_first_beat_is_told(tmp_path, trainer, monkeypatch):
    ended = threading.Event()
    told: list[Diagnostic] = []
    monkeypatch.setattr("phonograph.training.rank_watch.os._exit", lambda code: ended.set())
    trainer.look = lambda: write_beat(tmp_path, 1, Beat(host="lab", pid=8, count=2))
    watch = RankWatch(tmp_path, told.append, limit=1)
    watch.on_train_start(trainer)
    assert ended.wait(60)
    watch.close()
    assert told[0].code == "PT020"
    assert told[0].message.startswith("training process 1 (process 8 on lab) gave no sign of life")


def test_without_a_limit_nothing_is_watched_or_written(tmp_path, trainer):
    watch = RankWatch(tmp_path / "beats", lambda fault: None, limit=0)
    watch.on_train_start(trainer)
    watch.close()
    assert trainer.met == []
    assert not (tmp_path / "beats").exists()
