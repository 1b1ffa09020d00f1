"""What an imported `.nemo` model makes of given audio, stage by stage under NeMo's names."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from phonograph.collections import default_registry
from phonograph.collections.asr.foreign_settings import Settings, read_settings
from phonograph.collections.asr.nemo.archive import read_archive
from phonograph.collections.asr.nemo.import_nemo import read_nemo
from phonograph.collections.asr.tdt_joint import TdtJoint
from phonograph.errors import BundleError
from phonograph.graphs.check import check_document
from phonograph.graphs.lock import read_lock
from phonograph.graphs.model import Model, build
from phonograph.modules.masks import valid_mask

_NEARLY = 1e-2
_INSIDE = (
    (r"blocks\.(\d+)", r"enc_block\1"),
    (r"layers\.(\d+)", r"enc_layer\1"),
    (r"subsampling", r"enc_pre_encode"),
)


@dataclass(frozen=True, slots=True)
class Stage:
    """An array of ours.

    Args:
        value: shaped as NeMo's but for padding.
        lengths: axis -> how many of its steps count, for each utterance, where it is padded.
    """

    value: Tensor
    lengths: Mapping[int, Tensor] = field(default_factory=dict)

    def valid(self, shape: torch.Size) -> Tensor:
        """Mark what counts in an array of a shape that is padded otherwise."""
        mask = torch.ones(shape, dtype=torch.bool)
        for axis, lengths in self.lengths.items():
            view = [1] * len(shape)
            view[0], view[axis] = shape[0], shape[axis]
            mask &= valid_mask(lengths, shape[axis]).view(view)
        return mask

    def fits(self, shape: torch.Size) -> bool:
        """Whether an array has the same axes, and room for what counts."""
        if len(shape) != self.value.ndim:
            return False
        return all(
            int(self.lengths[axis].max()) <= min(size, other)
            if axis in self.lengths
            else size == other
            for axis, (size, other) in enumerate(zip(self.value.shape, shape, strict=True))
        )


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a model made of a batch.

    Args:
        stages: arrays by NeMo's name.
        texts: for each of its decoders a text an utterance.
    """

    stages: Mapping[str, Stage]
    texts: Sequence[Sequence[str]]


def run_model(path: Path, reference: Mapping[str, Tensor]) -> Outcome:
    """Run an imported model.

    Args:
        path: a `.nemo` file.
        reference: `audio`, `audio_len`, and for losses `targets`, `target_len`.

    Raises:
        PhonographError: the file cannot be imported.
    """
    model = _loaded(path)
    settings = read_settings(read_archive(path).configuration)
    with torch.inference_mode():
        run = _Run(model, settings, reference)
        run.all_stages()
    return Outcome(run.found, run.texts)


def _loaded(path: Path) -> Model:
    foreign = read_nemo(path)
    checked = check_document(read_lock(dict(foreign.graph), str(path)), default_registry())
    if checked.graph is None:
        raise BundleError(checked.faults)
    model = build(checked.graph)
    model.module.load_state_dict(dict(foreign.weights))
    model.module.eval()
    return model


class _Run:
    def __init__(self, model: Model, settings: Settings, given: Mapping[str, Tensor]) -> None:
        self.modules = model.modules
        self.settings = settings
        self.given = given
        self.found: dict[str, Stage] = {}
        self.texts: list[list[str]] = []

    def all_stages(self) -> None:
        """Run from audio on, as far as the reference's inputs reach."""
        features, lengths = self.modules["mel"](self.given["audio"], self.given["audio_len"].long())
        self._keep("features", features, {2: lengths})
        self._keep("features_len", lengths)
        with _listened(self.modules["encoder"]) as inside:
            encoded, frames = self.modules["encoder"](features, lengths)
        self._keep("encoded", encoded, {2: frames})
        self._keep("encoded_len", frames)
        for name, (value, counted) in inside.items():
            self._keep_inner(name, value, frames if counted is None else counted)
        if "head" in self.modules:
            self._run_ctc(encoded, frames)
        if "joint" in self.modules:
            self._run_transducer(encoded, frames)

    def _keep(self, name: str, value: Tensor, lengths: Mapping[int, Tensor] | None = None) -> None:
        self.found[name] = Stage(value, lengths or {})

    def _keep_inner(self, name: str, value: Tensor, lengths: Tensor) -> None:
        if name.startswith("enc_block"):
            self._keep(name, value.squeeze(2), {2: lengths})
        else:
            self._keep(name, value, {1: lengths})

    def _run_ctc(self, encoded: Tensor, frames: Tensor) -> None:
        log_probs = self.modules["head"](encoded)
        self._keep("log_probs", log_probs, {1: frames})
        self._keep("greedy", log_probs.argmax(2), {1: frames})
        hybrid = "ctc" in self.modules
        if "targets" in self.given:
            loss = self.modules["ctc" if hybrid else "loss"]
            inputs = {"log_probs": log_probs, "lengths": frames}
            section = self.settings.section("aux_ctc") if hybrid else self.settings
            reduction = section.text("ctc_reduction", "mean_batch")
            self._keep("ctc_loss" if hybrid else "loss", self._loss(loss, inputs, reduction))
        texts, hypotheses = self.modules["ctc_text" if hybrid else "text"](log_probs, frames)
        self.texts.append(texts)
        if not hybrid:
            self._keep_tokens(hypotheses)

    def _run_transducer(self, encoded: Tensor, frames: Tensor) -> None:
        networks = self.modules["predictor"], self.modules["joint"]
        texts, hypotheses = self.modules["text"](encoded, frames, *networks)
        self.texts.append(texts)
        labels, joint = self.settings.value("labels"), self.modules["joint"]
        if labels and isinstance(joint, TdtJoint):
            self.texts.append(shown_labels(labels, len(joint.jumps), hypotheses))
        self._keep_tokens(hypotheses)
        if "targets" not in self.given:
            return
        targets, counts = self.given["targets"].long(), self.given["target_len"].long()
        predicted = self.modules["predictor"](targets, counts)
        self._keep("decoder_out", predicted, {2: counts + 1})
        results = self.modules["joint"](encoded, predicted)
        scores = results if isinstance(results, tuple) else (results,)
        joint = torch.cat(scores[:2], dim=3)
        # NeMo's joint network normalises its scores on the CPU, unless the settings forbid it
        normalised = "joint_out" not in self.given or _is_normalised(self.given["joint_out"])
        if normalised:
            joint = joint.log_softmax(dim=3)
        self._keep("joint_log_softmax", torch.tensor(int(normalised)))
        self._keep("joint_out", joint, {1: frames, 2: counts + 1})
        names = ("logits", "durations", "jumps")
        inputs = {**dict(zip(names, scores, strict=False)), "lengths": frames}
        loss = self.modules["transducer" if "head" in self.modules else "loss"]
        reduction = self.settings.text("rnnt_reduction", "mean_batch")
        self._keep("loss", self._loss(loss, inputs, reduction))

    def _loss(self, loss: nn.Module, inputs: Mapping[str, Tensor], reduction: str) -> Tensor:
        """Reduce as NeMo does; ours is the mean over utterances, each divided by its tokens."""
        counts = self.given["target_len"].long()
        nll = torch.stack([self._nll(loss, inputs, row) for row in range(counts.shape[0])])
        match reduction:
            case "sum":
                return nll.sum()
            case "mean":
                return (nll / counts.clamp(min=1)).mean()
            case "mean_volume":
                return nll.sum() / counts.sum()
        return nll.mean()

    def _nll(self, loss: nn.Module, inputs: Mapping[str, Tensor], row: int) -> Tensor:
        alone = {n: v if n == "jumps" else v[row : row + 1] for n, v in inputs.items()}
        count = self.given["target_len"].long()[row : row + 1]
        targets = self.given["targets"].long()[row : row + 1]
        value = loss(**alone, targets=targets, target_lengths=count)[0]
        return value * count.clamp(min=1).squeeze()

    def _keep_tokens(self, hypotheses: list[Any]) -> None:
        for row, hypothesis in enumerate(hypotheses):
            self._keep(f"hyp{row}_tokens", torch.tensor(hypothesis.tokens, dtype=torch.long))


def shown_labels(labels: Sequence[str], durations: int, hypotheses: Sequence[Any]) -> list[str]:
    """Write as NeMo 3.0.0 does: it leaves out as many of the last labels as there are durations."""
    named = dict(enumerate(labels[:-durations]))
    return ["".join(named.get(token, "") for token in one.tokens) for one in hypotheses]


def _is_normalised(log_probs: Tensor) -> bool:
    totals = log_probs[0, 0, 0].exp().sum()
    return bool((totals - 1).abs() < _NEARLY)


@contextmanager
def _listened(encoder: nn.Module) -> Iterator[dict[str, tuple[Tensor, Tensor | None]]]:
    """Keep what the layers of an encoder give: NeMo's name -> values and lengths, if they tell."""
    heard: dict[str, tuple[Tensor, Tensor | None]] = {}

    def keeper(name: str) -> Callable[..., None]:
        def keep(_module: nn.Module, _given: Any, result: Any) -> None:
            value, more = result if isinstance(result, tuple) else (result, None)
            heard[name] = (
                value,
                more if isinstance(more, Tensor) else getattr(more, "lengths", None),
            )

        return keep

    handles = [
        module.register_forward_hook(keeper(re.sub(ours, theirs, name)))
        for name, module in encoder.named_modules()
        for ours, theirs in _INSIDE
        if re.fullmatch(ours, name)
    ]
    try:
        yield heard
    finally:
        for handle in handles:
            handle.remove()
