"""Folders to import, and what becomes of them."""

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from phonograph.collections.asr import MODULES
from phonograph.collections.asr.hugging_face.reader import read_hugging_face
from phonograph.errors import BundleError
from phonograph.graphs.check import check_document
from phonograph.graphs.lock import read_lock
from phonograph.graphs.model import Model, build
from phonograph.graphs.spec import PortName
from phonograph.graphs.views import cut
from phonograph.types.registry import Registry

GOLDENS = Path(__file__).parent / "goldens"

Heard = tuple[list[Tensor], list[str]]


@pytest.fixture(scope="session")
def goldens() -> Path:
    """Folders with a model each, and expected.npz: audio, logits and texts."""
    return GOLDENS


@pytest.fixture
def golden(tmp_path: Path) -> Callable[[str], Path]:
    """Copy a golden folder, to be spoilt."""

    def copied(name: str) -> Path:
        shutil.copytree(GOLDENS / name, tmp_path / name)
        return tmp_path / name

    return copied


@pytest.fixture(scope="session")
def imported() -> Callable[[Path], Model]:
    """Import a folder as the command line does."""

    def model_of(folder: Path) -> Model:
        graph, weights = read_hugging_face(folder)
        checked = check_document(read_lock(graph, str(folder)), Registry(MODULES))
        assert checked.faults == ()
        assert checked.graph is not None
        model = build(checked.graph)
        model.module.load_state_dict(weights)
        model.module.eval()
        return model

    return model_of


@pytest.fixture(scope="session")
def heard() -> Callable[[Model, Sequence[Tensor]], Heard]:
    """Hear utterances in one batch: log-probabilities of each one's frames, and its text."""
    samples, counts = PortName("data", "audio"), PortName("data", "audio_lengths")
    scores, lengths = PortName("head", "log_probs"), PortName("encoder", "lengths")
    text = PortName("text", "text")

    @torch.no_grad()
    def listened(model: Model, audio: Sequence[Tensor]) -> Heard:
        infer = model.graph.spec.views["infer"]
        view = model.compile(cut(model.graph, infer, [scores, lengths, text], [samples, counts]))
        batch = pad_sequence(list(audio), batch_first=True)
        found = view({samples: batch, counts: torch.tensor([len(one) for one in audio])})
        frames = zip(found[scores], found[lengths], strict=True)
        return [one[:length] for one, length in frames], found[text]

    return listened


@pytest.fixture(scope="session")
def rewrite() -> Callable[..., None]:
    """Change the top of a JSON file; ... takes a key out."""

    def rewritten(path: Path, **changes: Any) -> None:
        data = {**json.loads(path.read_text(encoding="utf-8")), **changes}
        kept = {key: value for key, value in data.items() if value is not ...}
        path.write_text(json.dumps(kept, indent=2), encoding="utf-8")

    return rewritten


@pytest.fixture(scope="session")
def refusal_of() -> Callable[[Path], str]:
    """Return why a folder is refused."""

    def why(folder: Path) -> str:
        with pytest.raises(BundleError) as caught:
            read_hugging_face(folder)
        return str(caught.value).replace(str(folder), "FOLDER")

    return why
