"""The data layer of speech recognition: recordings and transcripts listed in JSON lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal

from phonograph.data.dataset import Batch, Item, SpeechDataset, check_text, collate
from phonograph.data.manifest import Utterance
from phonograph.data.manifest_index import read_manifest
from phonograph.data.mixture import Mixture, WeightedManifest
from phonograph.data.sentencepiece_tokenizer import SentencePieceModel
from phonograph.data.tokenizers import build_tokenizer
from phonograph.errors import DataError, Diagnostic
from phonograph.modules.ranges import check_above_zero, check_at_least
from phonograph.types.kinds import Audio, Id, Lengths, Text, Tokens
from phonograph.types.ports import ports
from phonograph.types.registry import register
from phonograph.types.vocabulary import Vocabulary


@register("asr.manifest", version=1)
class Manifest:
    """Read utterances from manifests, one JSON object a line, as NeMo writes them.

    A line has `audio_filepath` (relative to the manifest), `duration` in seconds and `text`.

    Args:
        sample_rate: samples per second that every recording must have.
        tokenizer: how transcripts become tokens, such as
            `{type: characters, alphabet: "abcdefghijklmnopqrstuvwxyz '"}` or
            `{type: sentencepiece, model: pieces.model}`.
        train: manifest to learn from; or several, each with a weight: how often its utterances come
            in an epoch, such as `[{manifest: a.jsonl}, {manifest: b.jsonl, weight: 2.5}]`.
        validation: manifest to choose the best checkpoint on.
        test: manifest for a final score.
        batch_seconds: seconds of padded audio in a batch, above 0.
        workers: processes that read ahead, at least 0.
        resample: whether recordings of another rate are brought to `sample_rate` as they are read.
        mix: whether several channels are averaged.
        on_bad: `stop` where a line or a recording cannot be used, or `skip` it and say so.

    Raises:
        ValueError: a number is out of range, or the tokenizer is not one.

    >>> alphabet = {"type": "characters", "alphabet": "ab "}
    >>> Manifest.derived(tokenizer=alphabet)["vocab"].size
    3
    """

    def __init__(  # noqa: PLR0913 - what a user may say of the data
        self,
        sample_rate: int,
        tokenizer: SentencePieceModel | Mapping[str, Any],
        *,
        train: Path | tuple[WeightedManifest, ...] | None = None,
        validation: Path | None = None,
        test: Path | None = None,
        batch_seconds: float = 60.0,
        workers: int = 0,
        resample: bool = False,
        mix: bool = False,
        on_bad: Literal["stop", "skip"] = "stop",
    ) -> None:
        check_above_zero(batch_seconds=batch_seconds)
        check_at_least(0, workers=workers)
        self.sample_rate = sample_rate
        self.tokenizer = build_tokenizer(tokenizer)
        self.manifests = {"train": train, "validation": validation, "test": test}
        self.batch_seconds = batch_seconds
        self.workers = workers
        self.resample, self.mix, self.on_bad = resample, mix, on_bad

    @staticmethod
    def derived(tokenizer: SentencePieceModel | Mapping[str, Any]) -> dict[str, Vocabulary]:
        """Return the vocabulary that the tokenizer makes."""
        return {"vocab": build_tokenizer(tokenizer).vocabulary}

    @ports(
        out={
            "audio": Audio("B S"),
            "audio_lengths": Lengths("B", of="S"),
            "tokens": Tokens("B L"),
            "token_lengths": Lengths("B", of="L"),
            "text": Text("B"),
            "id": Id("B"),
        }
    )
    def collate(self, items: Sequence[Item]) -> Batch:
        """Put utterances side by side, padded with zeros."""
        return collate(items)

    def dataset(self, split: str) -> SpeechDataset:
        """Open the manifest of a split.

        Args:
            split: `train`, `validation` or `test`.

        Raises:
            DataError: no manifest was given for the split, or its lines are at fault.
        """
        manifest = self.manifests[split]
        if manifest is None:
            help = f"give one: modules.….with.{split}=path/to/{split}.jsonl"
            raise DataError(Diagnostic("PD050", f"no {split} manifest is given", help=help))
        return SpeechDataset(
            self._utterances(manifest),
            self.tokenizer,
            self.sample_rate,
            resample=self.resample,
            mix=self.mix,
            on_bad=self.on_bad,
        )

    def _utterances(self, manifest: Path | Sequence[WeightedManifest]) -> Sequence[Utterance]:
        check = partial(check_text, tokenizer=self.tokenizer)
        if isinstance(manifest, Path):
            return read_manifest(manifest, check=check, on_bad=self.on_bad)
        parts = [
            read_manifest(part.manifest, check=check, on_bad=self.on_bad)
            for part in manifest
            if part.manifest is not None
        ]
        return Mixture(parts, [part.weight for part in manifest])
