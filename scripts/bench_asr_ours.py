"""The worker of `bench_asr.py` for phonograph; that script starts it."""

from __future__ import annotations

import argparse
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from bench_asr_link import serve
from phonograph.collections import default_registry
from phonograph.collections.asr.transcriber import Transcriber
from phonograph.data.tokenizers import build_tokenizer
from phonograph.graphs.allocation import keep_freed_memory
from phonograph.graphs.bundle import open_bundle
from phonograph.graphs.inference import Precision, inference
from phonograph.graphs.spec import PortName

LEARNING_RATE = 1e-4


class Ours:
    """An imported bundle, used as our own commands use it."""

    def versions(self) -> dict[str, str]:
        """Say what is measured."""
        return {name: version(name) for name in ("phonograph", "torch", "torchaudio")}

    def open(self, model: str, batch: str) -> int:
        """Open a bundle for inference.

        Args:
            model: the bundle.
            batch: the audio for the front end and the scores, as `bench_asr.py` wrote it.

        Returns:
            how many weights there are.
        """
        self.transcriber = Transcriber.open(model)
        self.audio, self.lengths = read_batch(batch)
        module = self.transcriber.model.module
        return sum(weight.numel() for weight in module.parameters())

    def write_scores(self, out: str) -> None:
        """Write what inference gives: log-probabilities, of a transducer the encoded frames."""
        scores, lengths = self._scores()
        np.savez(out, scores=scores.float().numpy(), lengths=lengths.numpy())

    def mel(self) -> None:
        """Run the front end."""
        with torch.inference_mode():
            self.transcriber.model.modules["mel"](self.audio, self.lengths)

    def inference(self, precision: Precision = "float32") -> None:
        """Run the network from audio on, without reading text from its scores."""
        self._scores(precision)

    def transcription(self, files: list[str]) -> list[str]:
        """Write down recordings."""
        return [heard.text for heard in self.transcriber.transcribe(files)]

    def open_training(self, model: str, batch: str, texts: list[str]) -> int:
        """Open a bundle for training, and nothing else.

        Returns:
            how many tokens the texts have.
        """
        self.__dict__.clear()
        opened = open_bundle(Path(model), default_registry())
        data = opened.data_node
        if data is None:
            raise ValueError(f"`{model}` has no data layer")
        tokenizer = build_tokenizer(data.parameters["tokenizer"])
        tokens = [torch.tensor(tokenizer.encode(text)) for text in texts]
        audio, lengths = read_batch(batch)
        self.view = opened.view("train")
        self.given: dict[PortName, Any] = {
            PortName(data.name, "audio"): audio,
            PortName(data.name, "audio_lengths"): lengths,
            PortName(data.name, "tokens"): torch.nn.utils.rnn.pad_sequence(tokens, True),  # noqa: FBT003 - batch first
            PortName(data.name, "token_lengths"): torch.tensor([len(one) for one in tokens]),
        }
        opened.module.train()
        self.optimizer = torch.optim.AdamW(opened.module.parameters(), lr=LEARNING_RATE)
        return sum(map(len, tokens))

    def training(self) -> float:
        """Take a step; returns the loss before it."""
        values = self.view({port: self.given[port] for port in self.view.view.inputs})
        loss: Tensor = values[PortName("loss", "loss")]
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return loss.item()

    def _scores(self, precision: Precision = "float32") -> tuple[Tensor, Tensor]:
        with inference("cpu", precision):
            results = self.transcriber.view.core(self.audio, self.lengths)
        scores, lengths = sorted(results, key=lambda tensor: -tensor.ndim)
        return scores, lengths


def read_batch(path: str) -> tuple[Tensor, Tensor]:
    """Read padded samples [B, S] and how many are valid, [B]."""
    with np.load(path) as arrays:
        return torch.from_numpy(arrays["audio"]), torch.from_numpy(arrays["lengths"])


def main() -> None:
    """Answer until the driver has enough."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    torch.set_num_threads(parser.parse_args().threads)
    keep_freed_memory()  # as the command line does
    serve(Ours())


if __name__ == "__main__":
    main()
