"""The look at all headers before training."""

from dataclasses import replace

from phonograph.data.audio_check import check_headers


def test_good_recordings_have_no_faults(say):
    assert check_headers([say("a.wav"), say("b.flac", line=2)], 8000) == []


def test_each_recording_at_fault_is_told_once(say):
    broken = say("b.wav", line=2)
    broken.audio.write_bytes(b"no sound")
    short = replace(say("c.wav", line=3), duration=9)
    stereo = say("d.wav", line=4, channels=2, rate=16000)
    faults = check_headers([say("a.wav"), broken, short, stereo], 8000)
    told = [(fault.code, fault.place.line if fault.place else 0) for fault in faults]
    assert told == [("PD010", 2), ("PD013", 3), ("PD011", 4)]
