"""The first graph of a newcomer: complete, commented, fitted to the speech there is."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, get_args

import yaml

if TYPE_CHECKING:
    from phonograph.collections.asr.continued_graph import Continued
    from phonograph.data.survey import Survey

SizeName = Literal["tiny", "small", "medium", "large"]


@dataclass(frozen=True, slots=True)
class Size:
    """An encoder to start from random weights.

    Args:
        weights: about how many, in words.
        fits: what it is made for.
        nodes: lines of the encoder's nodes, with STRIDE for the frames that become one.
        encoded: the port with the encoded frames.
        rate: learning rate.
        batch_seconds: seconds of audio in a batch.
        hours: most hours of speech for which it is the first choice.
    """

    weights: str
    fits: str
    nodes: str
    encoded: str
    rate: str
    batch_seconds: int
    hours: float


_LETTERS_PER_SECOND = 20
"""With more, 25 frames a second are too few."""

_CONFORMER = """\
  # {title}: attention hears the whole utterance, convolution what is near.
  # First to change: `layers` and `d_model`, which `heads` divide.
  encoder:
    module: asr.conformer
    from: augment.features
    with: {{d_model: {width}, layers: {layers}, stride: STRIDE, block: {{heads: {heads}}}}}
"""

_TINY = """\
  # Two convolutions keep one frame of STRIDE, recurrent layers read them in both directions.
  # First to change: `d_model` and `layers` of `context`, and `dropout` where it learns by heart.
  encoder:
    module: asr.conv_encoder
    from: augment.features
    with:
      blocks:
        - {filters: 256, kernel: 11, stride: 2, separable: false, residual: false, dropout: 0.1}
        - {filters: 256, kernel: 7, stride: SECOND, separable: false, residual: false, dropout: 0.1}
  context:
    module: asr.recurrent
    from: encoder.encoded
    with: {cell: lstm, d_model: 320, layers: 2, dropout: 0.2}
"""


def _conformer(title: str, width: int, layers: int, heads: int) -> str:
    return _CONFORMER.format(title=title, width=width, layers=layers, heads=heads)


SIZES: Mapping[SizeName, Size] = MappingProxyType(
    {
        "tiny": Size(
            weights="2 M",
            fits="minutes to a few hours of speech, on a laptop",
            nodes=_TINY,
            encoded="context.encoded",
            rate="2e-3",
            batch_seconds=30,
            hours=5,
        ),
        "small": Size(
            weights="13 M",
            fits="up to 100 hours, on a GPU",
            nodes=_conformer("Conformer S", 176, 16, 4),
            encoded="encoder.encoded",
            rate="1e-3",
            batch_seconds=120,
            hours=100,
        ),
        "medium": Size(
            weights="27 M",
            fits="up to 500 hours, on a GPU",
            nodes=_conformer("Conformer M", 256, 16, 4),
            encoded="encoder.encoded",
            rate="1e-3",
            batch_seconds=120,
            hours=500,
        ),
        "large": Size(
            weights="115 M",
            fits="more, on several GPUs",
            nodes=_conformer("Conformer L", 512, 17, 8),
            encoded="encoder.encoded",
            rate="5e-4",
            batch_seconds=120,
            hours=math.inf,
        ),
    }
)


@dataclass(frozen=True, slots=True)
class Speech:
    """The manifests of a graph, and what was seen there.

    Args:
        train: path of the manifest to learn from, as the YAML will have it.
        validation: likewise, to validate on; None without one.
        survey: what there is in it.
    """

    train: str
    validation: str | None
    survey: Survey


def first_size(hours: float) -> SizeName:
    """Choose a size for so much speech.

    >>> first_size(0.2), first_size(50)
    ('tiny', 'small')
    """
    return next(name for name in get_args(SizeName) if hours <= SIZES[name].hours)


def from_random(name: str, file: str, speech: Speech, size: SizeName) -> str:
    """Write a graph that starts from random weights.

    Args:
        name: of the graph.
        file: how its file is called, for the commands in its first lines.
        speech: the manifests.
        size: of the encoder.
    """
    chosen = SIZES[size]
    seconds = _batch_seconds(speech.survey, chosen.batch_seconds)
    return "\n".join(
        [
            *_heading(name, file, speech.survey),
            *_data(speech, seconds),
            "  # Sound to 80 mel bands, 100 frames a second.",
            "  mel: {module: asr.log_mel, from: data.audio}",
            "  # Hides random bands and stretches while training, against learning by heart.",
            "  augment: {module: asr.spec_augment, from: mel.features, only: train}",
            "",
            *_strided(chosen.nodes, speech.survey),
            *_ending(chosen.encoded),
            *_training(speech.survey, seconds, chosen.rate),
            "",
        ]
    )


def from_checkpoint(
    name: str, file: str, speech: Speech, start: Continued, *, checkpoint: str, freeze: bool
) -> str:
    """Write a graph that starts from a checkpoint's encoder.

    Args:
        name: of the graph.
        file: how its file is called.
        speech: the manifests.
        start: the nodes of the checkpoint that are kept.
        checkpoint: its path, as the YAML will have it.
        freeze: whether its encoder stays as it is; then recurrent layers are added on top.
    """
    seconds = _batch_seconds(speech.survey, 30)
    encoded, added = start.encoded, []
    if freeze:
        added = [
            "  # New, on top of what stays: reads the frames in both directions.",
            f"  context: {{module: asr.recurrent, from: {encoded},",
            "            with: {cell: lstm, d_model: 320, layers: 2, dropout: 0.4}}",
        ]
        encoded = "context.encoded"
    fresh = ", ".join(["context", "head"] if freeze else ["head"])
    init = [
        "init:",
        f"  from: {_flow(checkpoint)}",
        f"  exclude: [{fresh}]    # these start anew",
    ]
    if freeze:
        held = ", ".join(start.with_weights)
        init += [f"  freeze: [{held}]    # delete this line to train all; lower `lr` to 3e-4 then"]
    return "\n".join(
        [
            *_heading(name, file, speech.survey),
            *_data(speech, seconds),
            "  # As in the checkpoint; what its weights depend on must not change.",
            *(line for node in start.nodes for line in _node(node)),
            *added,
            *_ending(encoded),
            *init,
            "",
            *_training(speech.survey, seconds, "2e-3" if freeze else "3e-4"),
            "",
        ]
    )


def _strided(nodes: str, survey: Survey) -> list[str]:
    """Keep fewer frames only where every letter still finds one of its own, as CTC wants."""
    stride = 4 if survey.fastest < _LETTERS_PER_SECOND else 2
    text = nodes.replace("STRIDE", str(stride)).replace("SECOND", str(stride // 2))
    return text.rstrip().splitlines()


def _heading(name: str, file: str, survey: Survey) -> list[str]:
    return [
        f"# Reads {duration_in_words(survey.seconds)} of speech and learns to write it.",
        "# Widths, rates and the number of letters are solved from the wires. After every change:",
        f"#   phonograph check {file}",
        f"#   phonograph train {file} --dry-run",
        "phonograph: 1",
        f"name: {_flow(name)}",
        "",
        "modules:",
    ]


def _data(speech: Speech, seconds: int) -> list[str]:
    survey = speech.survey
    told = (
        f"{survey.utterances:,} utterances of {survey.shortest:.1f} to {survey.longest:.1f} s, "
        f"{len(survey.alphabet)} characters"
    )
    validation = (
        f"      validation: {_flow(speech.validation)}"
        if speech.validation
        else "      # validation: dev.jsonl    # without one, the last weights count as the best"
    )
    alphabet = json.dumps(survey.alphabet, ensure_ascii=False)
    return [
        f"  # {told}.",
        "  data:",
        "    module: asr.manifest",
        "    with:",
        f"      train: {_flow(speech.train)}",
        validation,
        f"      sample_rate: {survey.sample_rate}    # every recording has to have it",
        "      # Other punctuation is dropped, any other character is an error.",
        f"      tokenizer: {{type: characters, alphabet: {alphabet}}}",
        f"      batch_seconds: {seconds}    # the first to lower when memory runs out",
        "",
    ]


def _ending(encoded: str) -> list[str]:
    return [
        "  # A score for every letter in every frame, the loss, and a reader of the scores.",
        f"  head: {{module: asr.ctc_head, from: {encoded}}}",
        "  loss: {module: asr.ctc_loss, from: {log_probs: head.log_probs, targets: data.tokens}}",
        "  text: {module: asr.ctc_greedy, from: head.log_probs}",
        "",
        "# One set of weights, several graphs.",
        "views:",
        "  train:    {run: [loss.loss]}",
        "  # On other speech, after an epoch; the first score chooses the best checkpoint.",
        "  validate: {run: [loss.loss], score: {wer: [text.text, data.text],"
        " cer: [text.text, data.text]}}",
        "  infer:    {feed: [data.audio], run: [text.text, text.hypotheses]}",
        "",
    ]


def _training(survey: Survey, seconds: int, rate: str) -> list[str]:
    epochs = _epochs(survey.hours)
    steps = epochs * survey.seconds / seconds
    warmup = _rounded(min(5000, max(20, steps / 15)))
    return [
        "train:",
        f"  optimizer: {{name: adamw, lr: {rate}, weight_decay: 0.01}}    # `lr` first of all",
        f"  schedule:  {{name: cosine, warmup_steps: {warmup}}}",
        f"  trainer:   {{max_epochs: {epochs}, gradient_clip_val: 1.0}}",
    ]


def _epochs(hours: float) -> int:
    """Return passes over the data: the less there is, the more."""
    return next(count for most, count in _EPOCHS if hours <= most)


_EPOCHS = ((1.0, 60), (10.0, 50), (100.0, 40), (500.0, 30), (math.inf, 20))


def _batch_seconds(survey: Survey, usual: int) -> int:
    """Return seconds of a batch: the usual, and at least 8 batches in an epoch."""
    return max(5, math.ceil(min(usual, survey.seconds / 8)))


def _rounded(steps: float) -> int:
    digits = 10 ** (len(str(int(steps))) - 1)
    return int(steps // digits * digits)


def _node(node: tuple[str, Mapping[str, Any]]) -> Sequence[str]:
    name, written = node
    line = f"  {name}: {_flow(written)}"
    if len(line) <= 100:
        return [line]
    lines = [f"  {name}:"]
    for key, value in written.items():
        line = f"    {key}: {_flow(value)}"
        if len(line) <= 100 or not isinstance(value, dict):
            lines.append(line)
        else:
            lines += [f"    {key}:", *(f"      {k}: {_flow(inner)}" for k, inner in value.items())]
    return lines


def _flow(value: Any) -> str:
    """Write plain data as YAML on one line."""
    text = yaml.safe_dump(
        [json.loads(json.dumps(value))],
        default_flow_style=True,
        sort_keys=False,
        allow_unicode=True,
        width=math.inf,
    )
    return text.strip()[1:-1]


def duration_in_words(seconds: float) -> str:
    """Write how much speech there is.

    >>> duration_in_words(42), duration_in_words(840), duration_in_words(7200)
    ('42 seconds', '14.0 minutes', '2.0 hours')
    """
    if seconds < 120:
        return f"{seconds:.0f} seconds"
    return f"{seconds / 60:.1f} minutes" if seconds < 7200 else f"{seconds / 3600:,.1f} hours"
