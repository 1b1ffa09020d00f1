"""Utterances as tensors, one by one and in padded batches."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import Dataset

from phonograph.data.audio_file import read_audio
from phonograph.data.manifest_index import ManifestIndex, OnBad
from phonograph.data.mixture import Mixture
from phonograph.errors import Diagnostic

if TYPE_CHECKING:
    from collections.abc import Sequence

    from phonograph.data.faults import Faults
    from phonograph.data.manifest import Utterance
    from phonograph.data.tokenizers import Tokenizer
    from phonograph.data.training_sampler import Draw


class Item(TypedDict):
    """One utterance: audio [S] float32, tokens [L] int64, text as normalised, id."""

    audio: Tensor
    tokens: Tensor
    text: str
    id: str


class Batch(TypedDict):
    """Utterances side by side, padded with zeros.

    audio [B, S] float32, audio_lengths [B] int64 in samples, tokens [B, L] int64,
    token_lengths [B] int64, text (normalised) and id, B of each.
    """

    audio: Tensor
    audio_lengths: Tensor
    tokens: Tensor
    token_lengths: Tensor
    text: list[str]
    id: list[str]


class SpeechDataset(Dataset[Item]):
    """Recordings with their transcripts; audio is read when it is asked for.

    Args:
        utterances: lines of manifests, at least one.
        tokenizer: knows every character of the normalised transcripts; see `check_text`.
        sample_rate: samples per second that every recording has.
        resample: whether recordings of another rate are brought to it.
        mix: whether several channels are averaged.
        on_bad: what becomes of recordings that cannot be used; it is for whoever loads them.
    """

    def __init__(
        self,
        utterances: Sequence[Utterance],
        tokenizer: Tokenizer,
        sample_rate: int,
        *,
        resample: bool = False,
        mix: bool = False,
        on_bad: OnBad = "stop",
    ) -> None:
        self.on_bad = on_bad
        self._utterances = utterances
        self._tokenizer = tokenizer
        self._sample_rate = sample_rate
        self._resample, self._mix = resample, mix

    def __len__(self) -> int:
        return len(self._utterances)

    def __getitem__(self, index: int) -> Item:
        """Read one utterance.

        Raises:
            DataError: its recording cannot be used.
        """
        utterance = self._utterances[index]
        text = self._tokenizer.normalize(utterance.text)
        return {
            "audio": read_audio(
                utterance, self._sample_rate, resample=self._resample, mix=self._mix
            ),
            "tokens": torch.tensor(self._tokenizer.encode(text), dtype=torch.int64),
            "text": text,
            "id": utterance.id,
        }

    @property
    def durations(self) -> Sequence[float]:
        """Seconds of each utterance, as the manifest says."""
        if isinstance(self._utterances, ManifestIndex | Mixture):
            return self._utterances.durations
        return [utterance.duration for utterance in self._utterances]

    @property
    def draw(self) -> Draw | None:
        """Seed and epoch -> which utterances come in it; None where all of them come once."""
        return self._utterances.draw if isinstance(self._utterances, Mixture) else None

    @property
    def left_out(self) -> tuple[Faults, ...]:
        """What is wrong with lines that are not among the utterances, by manifest."""
        match self._utterances:
            case Mixture():
                return self._utterances.left_out
            case ManifestIndex():
                return (self._utterances.left_out,)
        return ()


def check_texts(utterances: Sequence[Utterance], tokenizer: Tokenizer) -> list[Diagnostic]:
    """Find the transcripts that a tokenizer cannot write, one diagnostic for each."""
    found = (check_text(utterance, tokenizer) for utterance in utterances)
    return [fault for fault in found if fault is not None]


def check_text(utterance: Utterance, tokenizer: Tokenizer) -> Diagnostic | None:
    """Say that a tokenizer cannot write a transcript, or nothing."""
    try:
        tokenizer.encode(tokenizer.normalize(utterance.text))
    except ValueError as error:
        message = f"utterance `{utterance.id}`: {error}"
        help_ = "spell it out in `text`, or let the tokenizer know it"
        cause = f"text: {utterance.text}"
        return Diagnostic("PD020", message, utterance.place, "", (cause,), help_)
    return None


def collate(items: Sequence[Item]) -> Batch:
    """Put utterances side by side.

    >>> item = {"audio": torch.ones(3), "tokens": torch.tensor([7]), "text": "a", "id": "x"}
    >>> longer = {**item, "audio": torch.ones(4)}
    >>> collate([item, longer])["audio"]
    tensor([[1., 1., 1., 0.],
            [1., 1., 1., 1.]])
    """
    return {
        "audio": pad_sequence([item["audio"] for item in items], batch_first=True),
        "audio_lengths": torch.tensor([len(item["audio"]) for item in items]),
        "tokens": pad_sequence([item["tokens"] for item in items], batch_first=True),
        "token_lengths": torch.tensor([len(item["tokens"]) for item in items]),
        "text": [item["text"] for item in items],
        "id": [item["id"] for item in items],
    }
