"""The proof: twenty faults of twenty kinds among 2,000 lines are found, and nothing else is."""

import time

import numpy as np
import soundfile

LINES = 2000
SHIFTS = 6
"""Each prompt comes so often, with more and more silence before it, so that no two are equal."""


def manifest_of(speech, count):
    """List so many stretches of a few long recordings, each with its own text."""
    folder, prompts = speech
    lines = [
        {
            "audio_filepath": str(folder / prompt.audio),
            "offset": round(prompt.start - 0.03 * shift, 4),
            "duration": round(prompt.seconds + 0.03 * shift, 4),
            "text": prompt.text,
            "id": f"{number}-{shift}",
        }
        for shift in range(SHIFTS)
        for number, prompt in enumerate(prompts)
    ]
    return lines[:count]


def plant(folder, lines, tone):
    """Put a fault into twenty lines; return their numbers and the codes that tell them."""
    broken = np.full(16000, 0.1, np.float32)
    broken[5000] = np.nan
    files = {
        "rate.wav": (tone(rate=8000), 8000),
        "stereo.wav": (np.stack([tone(), tone()], axis=1), 16000),
        "nan.wav": (broken, 16000),
        "silence.wav": (np.zeros(16000, np.float32), 16000),
        "long.wav": (tone(3.0), 16000),
        "leak.wav": (tone(hertz=410), 16000),
        "clipped.wav": (np.clip(tone(size=3), -1, 1), 16000),
        "offset.wav": (tone(hertz=510) + 0.1, 16000),
    }
    for name, (samples, rate) in files.items():
        soundfile.write(folder / name, samples, rate, subtype="FLOAT")
    noise = np.random.default_rng(0).normal(0, 0.1, 16000)
    soundfile.write(folder / "cut.flac", noise, 16000)
    (folder / "cut.flac").write_bytes((folder / "cut.flac").read_bytes()[:9000])
    (folder / "notes.wav").write_text("call back on Monday")
    (folder / "empty.wav").touch()

    def names(name, text="yes", **more):
        return {"audio_filepath": name, "duration": 1.0, "text": text, "id": name, **more}

    short = {key: value for key, value in lines[200].items() if key != "text"}
    planted = {
        57: ("PD006", names("gone.wav")),
        101: ("PD003", '{"audio_filepath": "leak.wav", "duration": 1.0, "text": "yes"'),
        202: ("PD004", short),
        303: ("PD005", {**lines[302], "duration": "1.5"}),
        404: ("PD007", {**lines[403], "id": lines[0]["id"]}),
        505: ("PD010", names("notes.wav")),
        606: ("PD012", names("empty.wav")),
        707: ("PD011", names("rate.wav")),
        808: ("PD011", names("stereo.wav")),
        909: ("PD010", names("cut.flac")),
        1010: ("PD014", names("nan.wav")),
        1111: ("PD043", names("silence.wav")),
        1212: ("PD013", names("long.wav")),
        1313: ("PD013", {**lines[1312], "offset": 5000.0}),
        1414: ("PD020", {**lines[1413], "text": f"{lines[1413]['text']} 5 €"}),
        1515: ("PD030", {**lines[1514], "duration": 0.25, "text": "please enter your number"}),
        1616: ("PD039", names("leak.wav")),
        1717: ("PD031", {**lines[1716], "text": "..."}),
        1818: ("PD036", names("clipped.wav")),
        1999: ("PD037", names("offset.wav")),
    }
    for number, (_, line) in planted.items():
        lines[number - 1] = line
    return {number: code for number, (code, _) in planted.items()}


def test_twenty_planted_faults_in_2000_lines_are_found_and_nothing_else(
    speech, look, tmp_path, tone, codes
):
    lines = manifest_of(speech, LINES)
    planted = plant(tmp_path, lines, tone)
    assert (len(lines), len(planted)) == (LINES, 20)
    kept = {"audio_filepath": "leak.wav", "duration": 1.0, "text": "yes", "id": "leak"}
    start = time.process_time()
    found = look(train=lines, test=[kept])
    seconds = time.process_time() - start
    found_lines = {line: code for code, line in codes(found)}
    assert found_lines == planted
    assert seconds < 20
