"""The worker of `bench_asr.py` for NeMo, run by the Python of an environment that has it.

That script starts it. `python bench_asr_nemo.py --transcribe MODEL.nemo a.wav` writes down one
recording and ends: a whole process from its start to the first transcript.
"""

from __future__ import annotations

import argparse
import time
import warnings
from importlib.metadata import version
from typing import Any

import numpy as np
import torch

from bench_asr_link import serve
from bench_asr_models import configuration, target

LEARNING_RATE = 1e-4
SPOKEN_TOKENS = 0.15
"""Tokens per encoded frame that a made transducer should write, about as many as in speech."""

BATCHES = (4, 8, 16, 32)
"""Sizes for `transcribe` to choose from; 4 is what it takes by itself."""


class Nemo:
    """A model that NeMo made, used as its documentation says."""

    def versions(self) -> dict[str, str]:
        """Say what is measured."""
        return {name: version(name) for name in ("nemo_toolkit", "torch")}

    def make(self, name: str, out: str, batch: str, pieces: str) -> int:
        """Make a model with random weights and write it as its own kind of file.

        Statistics of batch norms, and how often a transducer writes a token, are made those of
        speech, so that neither framework computes with numbers that no trained model has.

        Args:
            name: one of `bench_asr_models`.
            out: the file.
            batch: speech, as `bench_asr.py` wrote it.
            pieces: a folder with a SentencePiece model.

        Returns:
            how many weights it has.
        """
        from nemo.collections.asr import models
        from omegaconf import OmegaConf

        settings = configuration(name)
        if "BPE" in target(name):
            settings["tokenizer"] = {"dir": pieces, "type": "bpe"}
        torch.manual_seed(0)
        model = getattr(models, target(name))(cfg=OmegaConf.create(settings))
        audio, lengths = read_batch(batch)
        settle_statistics(model, audio, lengths)
        if "transducer" in name:
            settle_blank(model.eval(), audio, lengths)
        model.eval().save_to(out)
        return sum(weight.numel() for weight in model.parameters())

    def open(self, model: str, batch: str) -> int:
        """Open a file for inference.

        Returns:
            how many weights there are.
        """
        self.model = restore(model)
        self.audio, self.lengths = read_batch(batch)
        self.batch_size = 0
        return sum(weight.numel() for weight in self.model.parameters())

    def write_scores(self, out: str) -> None:
        """Write what inference gives: log-probabilities, of a transducer the encoded frames."""
        with torch.inference_mode():
            scores, lengths = self._scores()
        np.savez(out, scores=scores.float().numpy(), lengths=lengths.numpy())

    def mel(self) -> None:
        """Run the front end."""
        with torch.inference_mode():
            self.model.preprocessor(input_signal=self.audio, length=self.lengths)

    def inference(self, precision: str = "float32") -> None:
        """Run the network from audio on, without reading text from its scores."""
        reduced = torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16")
        with torch.inference_mode(), reduced:
            self._scores()

    def choose_batch(self, files: list[str]) -> int:
        """Find the batch size with which `transcribe` is quickest."""
        found = []
        self.model.transcribe(files[: BATCHES[0]], batch_size=BATCHES[0], verbose=False)
        for size in BATCHES:
            start = time.perf_counter()
            self.model.transcribe(files, batch_size=size, verbose=False)
            found.append((time.perf_counter() - start, size))
        self.batch_size = min(found)[1]
        return self.batch_size

    def transcription(self, files: list[str]) -> list[str]:
        """Write down recordings."""
        heard = self.model.transcribe(files, batch_size=self.batch_size, verbose=False)
        return [one.text for one in heard]

    def open_training(self, model: str, batch: str, texts: list[str]) -> int:
        """Open a file for training, and nothing else.

        Returns:
            how many tokens the texts have.
        """
        self.__dict__.clear()
        self.model = restore(model).train()
        self.audio, self.lengths = read_batch(batch)
        tokens = [torch.tensor(self._encode(text)) for text in texts]
        self.tokens = torch.nn.utils.rnn.pad_sequence(tokens, True)  # noqa: FBT003 - batch first
        self.token_lengths = torch.tensor([len(one) for one in tokens])
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=LEARNING_RATE)
        return sum(map(len, tokens))

    def training(self) -> float:
        """Take a step; returns the loss before it."""
        scores, lengths, *_ = self.model(input_signal=self.audio, input_signal_length=self.lengths)
        transcript = {"targets": self.tokens, "target_lengths": self.token_lengths}
        if hasattr(self.model, "joint"):
            loss = self._transducer_loss(scores, lengths)
        else:
            loss = self.model.loss(log_probs=scores, input_lengths=lengths, **transcript)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return loss.item()

    def _scores(self) -> tuple[torch.Tensor, torch.Tensor]:
        scores, lengths, *_ = self.model(input_signal=self.audio, input_signal_length=self.lengths)
        return scores, lengths

    def _encode(self, text: str) -> list[int]:
        if hasattr(self.model, "tokenizer"):
            return self.model.tokenizer.text_to_ids(text)
        labels = list(self.model.cfg.labels)
        return [labels.index(letter) for letter in text if letter in labels]

    def _transducer_loss(self, encoded: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        """The two ways of its own training step, without the word errors it counts now and then."""
        model = self.model
        predicted, target_lengths, _ = model.decoder(
            targets=self.tokens, target_length=self.token_lengths
        )
        if model.joint.fuse_loss_wer:
            loss, *_ = model.joint(
                encoder_outputs=encoded,
                decoder_outputs=predicted,
                encoder_lengths=lengths,
                transcripts=self.tokens,
                transcript_lengths=self.token_lengths,
                compute_wer=False,
            )
            return loss
        joint = model.joint(encoder_outputs=encoded, decoder_outputs=predicted)
        return model.loss(
            log_probs=joint,
            targets=self.tokens,
            input_lengths=lengths,
            target_lengths=target_lengths,
        )


def restore(path: str) -> Any:
    """Open a file, as a user does."""
    from nemo.collections.asr.models import ASRModel

    return ASRModel.restore_from(path, map_location="cpu").eval()


def read_batch(path: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Read padded samples [B, S] and how many are valid, [B]."""
    with np.load(path) as arrays:
        return torch.from_numpy(arrays["audio"]), torch.from_numpy(arrays["lengths"])


def settle_statistics(model: Any, audio: torch.Tensor, lengths: torch.Tensor) -> None:
    """Give batch norms the statistics of what they hear."""
    norms = [part for part in model.modules() if isinstance(part, torch.nn.BatchNorm1d)]
    usual = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 1.0
    with torch.no_grad():
        model.train()(input_signal=audio, input_signal_length=lengths)
    for norm, momentum in zip(norms, usual, strict=True):
        norm.momentum = momentum


def settle_blank(model: Any, audio: torch.Tensor, lengths: torch.Tensor) -> None:
    """Raise or lower the score of blank until tokens come as often as in speech."""
    bias = model.joint.joint_net[-1].bias
    low, high = -20.0, 20.0
    with torch.inference_mode():
        encoded, frames = model(input_signal=audio[:2], input_signal_length=lengths[:2])
    for _ in range(10):
        middle = (low + high) / 2
        with torch.no_grad():
            bias[-1] = middle
        heard = model.decoding.rnnt_decoder_predictions_tensor(encoded, frames)
        tokens = sum(len(one.y_sequence) for one in heard)
        low, high = (middle, high) if tokens > SPOKEN_TOKENS * frames.sum() else (low, middle)


def main() -> None:
    """Answer until the driver has enough, or write down one recording."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--transcribe", nargs=2, metavar=("MODEL", "FILE"))
    options = parser.parse_args()
    if options.transcribe:
        model, file = options.transcribe
        print(restore(model).transcribe([file], verbose=False)[0].text)
        return
    torch.set_num_threads(options.threads)
    warnings.simplefilter("ignore")
    serve(Nemo())


if __name__ == "__main__":
    main()
