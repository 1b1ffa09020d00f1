"""Signs of life of the processes of a training, and who stopped giving them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from phonograph.errors import Diagnostic
from phonograph.whole_file import write_whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """What a process last said of itself.

    Args:
        host: the machine it runs on.
        pid: its number there.
        count: beats so far; it grows as long as the process lives.
        begun: batches of training and validation that it began; it grows as long as it works.
        step: steps of the optimizer.
    """

    host: str
    pid: int
    count: int = 0
    begun: int = 0
    step: int = 0


def write_beat(folder: Path, rank: int, beat: Beat) -> None:
    """Write the last beat of a process where the others see it.

    Raises:
        OSError: the folder cannot be written to.
    """
    write_whole(_file(folder, rank), json.dumps(asdict(beat)))


def read_beats(folder: Path, world: int) -> dict[int, Beat]:
    """Read the last beat of every process that gave one."""
    beats: dict[int, Beat] = {}
    for rank in range(world):
        with suppress(OSError, ValueError, TypeError):
            beats[rank] = Beat(**json.loads(_file(folder, rank).read_text(encoding="utf-8")))
    return beats


def end_beats(folder: Path, rank: int) -> None:
    """Take away the beats of a process, whose absence then worries nobody."""
    with suppress(OSError):
        _file(folder, rank).unlink(missing_ok=True)
        folder.rmdir()


@dataclass(frozen=True, slots=True)
class _Known:
    beat: Beat
    lived: float
    worked: float
    behind: float | None = None  # since when, without any work; None where it keeps up


class Vigil:
    """Watches beats by its own clock, so that those of two machines need not agree.

    A process counts as dead when it gives no beat, and as hung when it beats, but does not begin
    a batch for so long after this process began it. One that works as far as this one is never
    suspected, so that a long step, a compilation or a validation is no alarm.

    Args:
        rank: this process.
        limit: seconds of silence, above 0.

    >>> from dataclasses import replace
    >>> vigil, other = Vigil(rank=0, limit=30), Beat(host="a", pid=7)
    >>> for time, count in [(0, 1), (10, 2), (20, 2), (30, 2)]:
    ...     assert vigil.look({1: replace(other, count=count)}, now=time) is None
    >>> vigil.look({1: replace(other, count=2)}, now=40).message
    'training process 1 (process 7 on a) gave no sign of life for 30 seconds, after step 0'
    """

    def __init__(self, *, rank: int, limit: float) -> None:
        self._rank = rank
        self._limit = limit
        self._known: dict[int, _Known] = {}
        self._looked: float | None = None

    def look(self, beats: Mapping[int, Beat], now: float) -> Diagnostic | None:
        """Return what is wrong with another process, or None.

        Args:
            beats: the last of each process that gave one.
            now: seconds of a clock that never goes back.
        """
        slept = self._looked is not None and now - self._looked > self._limit / 2
        self._looked = now
        others = {rank: beat for rank, beat in beats.items() if rank != self._rank}
        begun = beats[self._rank].begun if self._rank in beats else 0
        self._known = {
            rank: self._learn(None if slept else self._known.get(rank), beat, begun, now)
            for rank, beat in others.items()
        }
        for rank, one in self._known.items():
            if now - one.lived >= self._limit:
                return _dead(rank, one.beat, now - one.lived)
        for rank, one in self._known.items():
            if one.behind is not None and now - one.behind >= self._limit:
                return _hung(rank, one.beat, now - one.worked)
        return None

    @staticmethod
    def _learn(before: _Known | None, beat: Beat, begun: int, now: float) -> _Known:
        if before is None:
            return _Known(beat, now, now, behind=now if beat.begun < begun else None)
        lives = beat.count != before.beat.count or beat.pid != before.beat.pid
        works = beat.begun != before.beat.begun
        since = now if works or before.behind is None else before.behind
        return _Known(
            beat,
            lived=now if lives else before.lived,
            worked=now if works else before.worked,
            behind=since if beat.begun < begun else None,
        )


def _dead(rank: int, beat: Beat, seconds: float) -> Diagnostic:
    return Diagnostic(
        "PT020",
        f"training process {rank} ({_who(beat)}) gave no sign of life for {seconds:.0f} seconds, "
        f"after step {beat.step}",
        help="see whether it was killed (memory, scheduler) or stopped, or its machine is gone; "
        "the same command goes on from the last state",
    )


def _hung(rank: int, beat: Beat, seconds: float) -> Diagnostic:
    return Diagnostic(
        "PT021",
        f"training process {rank} ({_who(beat)}) lives, but has not begun another batch for "
        f"{seconds:.0f} seconds, after step {beat.step}; the others wait for it",
        help=f"`py-spy dump --pid {beat.pid}` shows where a process hangs; look at the disk that "
        "the data is on; the same command goes on from the last state",
    )


def _who(beat: Beat) -> str:
    return f"process {beat.pid} on {beat.host}"


def _file(folder: Path, rank: int) -> Path:
    return folder / f"rank{rank}.json"
