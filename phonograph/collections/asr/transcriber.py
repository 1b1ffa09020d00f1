"""From recordings to text: a recogniser's view `infer`, fed in plain Python."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from phonograph.collections.asr.hypothesis import Hypothesis
from phonograph.data.any_audio import read_any
from phonograph.data.batching import evaluation_batches
from phonograph.errors import DataError, Diagnostic, GraphError
from phonograph.graphs.bundle import open_bundle
from phonograph.graphs.compiled_view import CompiledView
from phonograph.graphs.device import pick_device
from phonograph.graphs.inference import Precision, inference
from phonograph.graphs.model import Model
from phonograph.graphs.side_by_side import batches_at_once, side_by_side
from phonograph.graphs.solved import SolvedGraph
from phonograph.graphs.spec import PortName
from phonograph.graphs.views import lengths_of
from phonograph.modules.fold_norms import fold_batch_norms
from phonograph.modules.ranges import check_above_zero
from phonograph.types.kinds import Audio, Hypotheses

Recording = str | Path | bytes | BinaryIO | Tensor


class Transcriber:
    """Writes down what is said in recordings.

    Args:
        model: a built recogniser; it is put into evaluation mode, and stays on its device.
        view: the view that is fed with audio and ends in a decoder.
        batch_seconds: seconds of padded audio to compute at once, above 0.
        precision: `float32`, or `bf16`, which is quicker where the processor has instructions for
            it and seldom writes another text.

    Raises:
        GraphError: the graph has no such view, or the view is not of that shape.
        ValueError: `batch_seconds` is not above 0.

    Attributes:
        model: as given.
        view: the compiled view.
        device: where the model is.
        precision: as given.

    A bundle that `phonograph train` wrote is opened and used with
    `Transcriber.open("best.phono").transcribe(["a.wav", "b.flac"])`.
    """

    def __init__(
        self,
        model: Model,
        *,
        view: str = "infer",
        batch_seconds: float = 60.0,
        precision: Precision = "float32",
    ) -> None:
        check_above_zero(batch_seconds=batch_seconds)
        self.model = model
        self.precision: Precision = precision
        self.view = model.view(view)
        self._audio = _audio_input(model.graph, self.view)
        self._lengths = _lengths_input(model.graph, self.view, self._audio)
        self._hypotheses = _hypotheses_output(self.view)
        self._batch_seconds = batch_seconds
        self.device = next((p.device for p in model.module.parameters()), torch.device("cpu"))
        self.sample_rate = int(_rate(model.graph, self._audio))
        """Samples per second that the recogniser hears."""
        model.module.eval()

    @classmethod
    def open(
        cls,
        path: str | Path,
        *,
        device: str = "cpu",
        batch_seconds: float = 60.0,
        precision: Precision = "float32",
    ) -> Transcriber:
        """Open a bundle.

        Args:
            path: a file `*.phono`.
            device: where to compute, as PyTorch names it: `cpu`, `cuda`, `cuda:1`, `mps`; or
                `auto`, which takes a graphics processor where there is one.
            batch_seconds: as above.
            precision: as above.

        Raises:
            BundleError: the bundle cannot be used.
            GraphError: it holds no recogniser.
            ValueError: this machine has no such device, or `batch_seconds` is not above 0.
        """
        from phonograph.collections import default_registry

        check_above_zero(batch_seconds=batch_seconds)
        model = open_bundle(Path(path), default_registry(), pick_device(device))
        fold_batch_norms(model.module)
        return cls(model, batch_seconds=batch_seconds, precision=precision)

    def transcribe(self, recordings: Sequence[Recording]) -> list[Hypothesis]:
        """Recognise recordings of any rate and number of channels.

        Args:
            recordings: files, contents, binary streams, or samples [S] in [-1, 1] at the rate
                `sample_rate`.

        Returns:
            one hypothesis each, in the order given.

        Raises:
            DataError: every recording that cannot be read.
        """
        samples: list[Tensor] = []
        faults: list[Diagnostic] = []
        for recording in recordings:
            try:
                samples.append(self.read(recording)[0])
            except DataError as error:
                faults += error.diagnostics
        if faults:
            raise DataError(faults)
        return self.recognise(samples)

    def read(self, recording: Recording) -> tuple[Tensor, list[str]]:
        """Read a recording as the recogniser hears it.

        Returns:
            samples [S], and a note on each change that was made.

        Raises:
            DataError: it cannot be read.
        """
        if isinstance(recording, Tensor):
            if recording.ndim != 1 or not recording.is_floating_point() or not len(recording):
                shape = list(recording.shape)
                message = f"samples must be a float tensor [S], not {recording.dtype} {shape}"
                raise DataError(Diagnostic("PR002", message))
            if not recording.float().isfinite().all():
                raise DataError(Diagnostic("PR002", "samples must be finite, not NaN or infinite"))
            return recording, []
        source = Path(recording) if isinstance(recording, str) else recording
        return read_any(source, self.sample_rate)

    def recognise(self, samples: Sequence[Tensor]) -> list[Hypothesis]:
        """Recognise samples at the rate `sample_rate`; similar lengths are computed together.

        Args:
            samples: [S] each, not empty.
        """
        if not samples:
            return []
        seconds = [len(one) / self.sample_rate for one in samples]
        at_once = batches_at_once(self.device)
        batches = list(evaluation_batches(seconds, seconds=self._batch_seconds / at_once))
        given = [[samples[index] for index in batch] for batch in batches]
        heard = chain.from_iterable(side_by_side(self._recognise_batch, given, at_once))
        found = dict(zip(chain.from_iterable(batches), heard, strict=True))
        return [found[index] for index in range(len(samples))]

    def _recognise_batch(self, samples: list[Tensor]) -> list[Hypothesis]:
        audio = pad_sequence([one.float() for one in samples], batch_first=True)
        lengths = torch.tensor([len(one) for one in samples])
        given = {
            self._audio: audio.to(self.device),
            self._lengths: lengths.to(self.device),
        }
        try:
            with inference(self.device, self.precision):
                return list(self.view(given)[self._hypotheses])
        except RuntimeError as error:
            if not _is_out_of_memory(error):
                raise
            longest = int(lengths.max()) / self.sample_rate
            message = f"not enough memory to recognise {longest:.0f} s of audio at once"
            help = "cut the recording into pieces of a minute, or use fewer seconds in a batch"
            raise DataError(Diagnostic("PR001", message, help=help)) from None


def _is_out_of_memory(error: RuntimeError) -> bool:
    # the CPU has no exception of its own for it
    return isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(error)


def _audio_input(graph: SolvedGraph, view: CompiledView) -> PortName:
    fed = [p for p in view.view.inputs if isinstance(graph.output(p).kind, Audio)]
    if len(fed) != 1:
        raise _wrong_shape(view, f"is fed with {len(fed)} ports of kind Audio, not one")
    return fed[0]


def _lengths_input(graph: SolvedGraph, view: CompiledView, audio: PortName) -> PortName:
    time = graph.output(audio).time
    stated = lengths_of(graph, time) if time else None
    others = [port for port in view.view.inputs if port not in (audio, stated)]
    if stated is None or others:
        names = ", ".join(map(str, others))
        raise _wrong_shape(view, f"needs more than audio and its lengths: {names}")
    return stated


def _hypotheses_output(view: CompiledView) -> PortName:
    for name, _, declared in reversed(view.tail):
        for port, kind in declared.ports.outputs.items():
            if isinstance(kind, Hypotheses):
                return PortName(name, port)
    raise _wrong_shape(view, "has no decoder, such as asr.ctc_greedy, at its end")


def _rate(graph: SolvedGraph, audio: PortName) -> Any:
    return graph.output(audio).attributes["rate"]


def _wrong_shape(view: CompiledView, reason: str) -> GraphError:
    message = f"the view `{view.view.name}` cannot transcribe: it {reason}"
    help = "a recogniser has: infer: {feed: [data.audio], run: [text.text]}"
    return GraphError(Diagnostic("PR003", message, help=help))
