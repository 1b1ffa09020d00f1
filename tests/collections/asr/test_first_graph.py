from dataclasses import replace
from typing import get_args

import pytest

from phonograph.collections import default_metrics, default_registry
from phonograph.collections.asr.continued_graph import Continued
from phonograph.collections.asr.first_graph import (
    SIZES,
    SizeName,
    Speech,
    first_size,
    from_checkpoint,
    from_random,
)
from phonograph.data.survey import Survey
from phonograph.graphs.check import load_graph
from phonograph.graphs.model import build

SURVEY = Survey(
    utterances=400,
    seconds=840.0,
    shortest=0.6,
    longest=30.3,
    sample_rate=16000,
    alphabet=" abcdefghijklmnopqrstuvwxyz'",
    fastest=17.0,
    silent=0,
    digits=0,
)
SPEECH = Speech("train.jsonl", "validation.jsonl", SURVEY)

MEL = {"module": "asr.log_mel", "from": "data.audio", "with": {"n_mels": 64}}
ENCODER = {
    "module": "asr.conformer",
    "from": "mel.features",
    "with": {
        "d_model": 16,
        "layers": 1,
        "subsampling": {"kind": "dw_conv2d", "channels": 16, "scale": True},
        "block": {"heads": 2, "kernel": 9, "positions": "none", "norm": "layer"},
    },
}
START = Continued((("mel", MEL), ("encoder", ENCODER)), "encoder.encoded", ("encoder",), 16000)


@pytest.fixture
def proved(tmp_path):
    def prove(text):
        path = tmp_path / "graph.yaml"
        path.write_text(text, encoding="utf-8")
        return load_graph(path, [], default_registry(), metrics=default_metrics())

    return prove


@pytest.mark.parametrize("size", get_args(SizeName))
def test_every_size_is_a_graph_that_holds_and_has_the_weights_it_says(size, proved):
    graph = proved(from_random("my", "my.yaml", SPEECH, size))
    count = sum(build(graph, device="meta").parameter_counts().values())
    assert f"{count / 1e6:.0f} M" == SIZES[size].weights


@pytest.mark.parametrize("size", get_args(SizeName))
def test_fast_speech_keeps_more_frames(size, proved):
    fast = Speech("train.jsonl", None, replace(SURVEY, fastest=24.0))
    per_second = []
    for speech in (SPEECH, fast):
        graph = proved(from_random("my", "my.yaml", speech, size))
        time = graph.nodes["head"].inputs["encoded"].time
        per_second.append(time.steps_per_second)
    assert per_second == [25, 50]


def test_the_speech_stands_in_the_graph(proved):
    eight = replace(SURVEY, sample_rate=8000, alphabet=' äß"\\', seconds=20.0)
    graph = proved(from_random("my", "my.yaml", Speech("a b.jsonl", None, eight), "tiny"))
    data = graph.nodes["data"].parameters
    assert (data["sample_rate"], data["tokenizer"]["alphabet"]) == (8000, ' äß"\\')
    assert data["train"].name == "a b.jsonl"
    assert (data["validation"], data["batch_seconds"]) == (None, 5)


def test_less_speech_is_heard_more_often(proved):
    def epochs(hours):
        speech = Speech("t.jsonl", None, replace(SURVEY, seconds=3600 * hours))
        trainer = proved(from_random("my", "my.yaml", speech, "tiny")).spec.train["trainer"]
        return trainer["max_epochs"]

    assert [epochs(hours) for hours in (0.1, 5, 50, 300, 3000)] == [60, 50, 40, 30, 20]


def test_a_size_is_chosen_by_the_hours():
    assert [first_size(hours) for hours in (0, 5, 6, 100, 400, 9999)] == [
        "tiny",
        "tiny",
        "small",
        "small",
        "medium",
        "large",
    ]


@pytest.mark.parametrize("freeze", [True, False])
def test_a_checkpoint_is_continued(freeze, proved):
    text = from_checkpoint("m", "m.yaml", SPEECH, START, checkpoint="a.phono", freeze=freeze)
    graph = proved(text)
    fresh = ["context", "head"] if freeze else ["head"]
    held = {"freeze": ["encoder"]} if freeze else {}
    assert graph.spec.init == {"from": "a.phono", "exclude": fresh, **held}
    assert list(graph.nodes)[:3] == ["data", "mel", "encoder"]
    assert ("context" in graph.nodes) == freeze


def test_every_line_fits_a_screen():
    texts = [from_random("my", "my.yaml", SPEECH, size) for size in get_args(SizeName)]
    for freeze in (True, False):
        started = from_checkpoint("m", "m.yaml", SPEECH, START, checkpoint="a", freeze=freeze)
        texts.append(started)
    assert max(len(line) for text in texts for line in text.splitlines()) <= 100
