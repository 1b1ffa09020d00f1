"""Listening to all recordings."""

import threading

from phonograph.training.preflight.listening import jobs, listen_to_all, usable_threads
from phonograph.training.preflight.recording import Ears


def subjects_of(found):
    return list(found.subjects)


def test_the_segments_of_a_recording_are_one_job(look, record, tone):
    reel, other = record(tone(2.0)), record()
    lines = [
        {**reel, "offset": 0.0, "duration": 0.5},
        other,
        {**reel, "offset": 1.0, "duration": 1},
    ]
    work = jobs(subjects_of(look(train=lines)))
    assert [[one.utterance.line for one in job] for job in work] == [[1, 3], [2]]


def test_results_come_in_order_and_threads_end_when_nobody_wants_more(look, record):
    work = jobs(subjects_of(look(train=[record() for _ in range(40)])))
    before = threading.active_count()
    heard = listen_to_all(work, Ears(16000), 2)
    assert [next(heard)[0] for _ in range(3)] == work[:3]
    heard.close()
    assert threading.active_count() == before
    assert [job for job, _ in listen_to_all(work, Ears(16000), 2)] == work


def test_there_is_a_processor():
    assert usable_threads() >= 1
