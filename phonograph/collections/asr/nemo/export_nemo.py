"""Write a CTC recogniser as a `.nemo` checkpoint, which NeMo opens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
import yaml
from torch import Tensor

from phonograph.collections import default_registry
from phonograph.collections.asr.foreign_settings import Settings, read_settings
from phonograph.collections.asr.nemo import (
    conformer,
    conv_encoder,
    ctc_head,
    write_conformer,
    write_conv_encoder,
)
from phonograph.collections.asr.nemo.import_nemo import read_nemo
from phonograph.collections.asr.nemo.inverse import inverse_weights
from phonograph.collections.asr.nemo.recogniser_form import (
    CANNOT,
    CtcRecogniser,
    differences,
    recogniser_of,
)
from phonograph.collections.asr.nemo.write_archive import write_archive
from phonograph.collections.asr.nemo.write_front_end import (
    preprocessor_settings,
    preprocessor_tensors,
)
from phonograph.collections.asr.nemo.write_tokenizer import WrittenTokens, written_tokens
from phonograph.collections.asr.nemo.write_training import augmentation_settings, dither_of
from phonograph.errors import Diagnostic, GraphError, PhonographError
from phonograph.graphs.bundle import Bundle
from phonograph.graphs.check import check_document
from phonograph.graphs.lock import read_lock
from phonograph.graphs.model import build
from phonograph.graphs.parameters import shown
from phonograph.graphs.solved import SolvedGraph
from phonograph.graphs.views import plan_view
from phonograph.whole_file import whole_file

_VERSION = "3.0.0"
_MODELS = "nemo.collections.asr.models"
_MOST_NAMED = 8


@dataclass(frozen=True, slots=True)
class Written:
    """A checkpoint that was written.

    Args:
        path: the file.
        size: its bytes.
        target: the class of NeMo's that opens it.
        tensors: how many it holds.
        remarks: what is to be known of it.
    """

    path: Path
    size: int
    target: str
    tensors: int
    remarks: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        sizes = {"bytes": self.size, "tensors": self.tensors}
        return {
            "path": str(self.path),
            **sizes,
            "target": self.target,
            "remarks": list(self.remarks),
        }


def export_nemo(bundle: Bundle, view: str, path: Path) -> Written:
    """Write a view as a checkpoint of NeMo 3.0.0.

    The file stands under its name only after it was read back and gave the same recogniser: the
    same settings, and the same weights to the last bit.

    Args:
        bundle: a graph with its weights.
        view: goes from audio through `asr.log_mel`, a convolutional or Conformer encoder and
            `asr.ctc_head`.
        path: where it goes; what stands there is replaced.

    Raises:
        GraphError: the graph has no such view; or PE020, every setting that NeMo does not have.
    """
    graph = bundle.graph
    model = build(graph, device="meta")
    recogniser = recogniser_of(graph, model.view(view).view)
    tokens = written_tokens(recogniser.tokenizer)
    if tokens is None:
        raise _cannot(graph, recogniser.head.name, ["NeMo has no tokenizer of this type"])
    settings = _settings(graph, recogniser, tokens)
    ours = {role: _weights(bundle, recogniser, role) for role in ("encoder", "head")}
    tensors = {
        **preprocessor_tensors(recogniser.mel.parameters),
        **_inverse(graph, recogniser, settings, ours["encoder"]),
        **_prefixed("decoder", inverse_weights(ctc_head.translate, _empty(), ours["head"])),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as temporary:
        write_archive(temporary, settings, tensors, tokens.files)
        _check(graph, recogniser, ours, temporary)
    remarks = () if recogniser.convolutional else write_conformer.remarks_of(recogniser.table)
    return Written(path, path.stat().st_size, settings["target"], len(tensors), remarks)


def _settings(
    graph: SolvedGraph, recogniser: CtcRecogniser, tokens: WrittenTokens
) -> dict[str, Any]:
    table, mel = recogniser.table, recogniser.mel.parameters
    writer = write_conv_encoder if recogniser.convolutional else write_conformer
    kind = "ctc_bpe_models.EncDecCTCModelBPE" if tokens.files else "ctc_models.EncDecCTCModel"
    front_end = preprocessor_settings(mel, pad_to=writer.padding_of(table))
    head = {
        "_target_": "nemo.collections.asr.modules.ConvASRDecoder",
        "feat_in": recogniser.head.parameters["feat_in"],
        "num_classes": len(tokens.labels),
        "vocabulary": tokens.labels,
    }
    augmentation = augmentation_settings(graph)
    return {
        "sample_rate": mel["sample_rate"],
        **({"tokenizer": dict(tokens.settings)} if tokens.files else {"labels": tokens.labels}),
        "preprocessor": {**front_end, "dither": dither_of(graph)},
        **({"spec_augment": augmentation} if augmentation else {}),
        "encoder": writer.encoder_settings(table),
        "decoder": head,
        "target": f"{_MODELS}.{kind}",
        "nemo_version": _VERSION,
    }


def _weights(bundle: Bundle, recogniser: CtcRecogniser, role: str) -> dict[str, Tensor]:
    prefix = f"{recogniser.head.name}."
    if role == "encoder":
        prefix = f"{recogniser.encoder.name}.{recogniser.prefix}"
    own = (name for name in bundle.weights if name.startswith(prefix))
    return {name.removeprefix(prefix): bundle.weights[name] for name in own}


def _inverse(
    graph: SolvedGraph,
    recogniser: CtcRecogniser,
    settings: Mapping[str, Any],
    ours: Mapping[str, Tensor],
) -> dict[str, Tensor]:
    section = read_settings(yaml.safe_dump(settings["encoder"]), "encoder")
    if recogniser.convolutional:
        translate = partial(conv_encoder.translate, pad_to=settings["preprocessor"]["pad_to"])
        found = inverse_weights(translate, section, ours)
    else:
        names = write_conformer.tensor_names(recogniser.table)
        attending = partial(conformer.translate, pad_to=settings["preprocessor"]["pad_to"])
        found = inverse_weights(attending, section, ours, names)
    if faults := section.faults():
        raise _cannot(graph, recogniser.encoder.name, [fault.message for fault in faults])
    return _prefixed("encoder", found)


def _prefixed(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {f"{prefix}.{name}": tensor for name, tensor in tensors.items()}


def _empty() -> Settings:
    return read_settings("{}")


def _check(
    graph: SolvedGraph,
    recogniser: CtcRecogniser,
    ours: Mapping[str, Mapping[str, Tensor]],
    path: Path,
) -> None:
    """Read a checkpoint back and compare.

    Raises:
        GraphError: it is another recogniser.
    """
    try:
        foreign = read_nemo(path)
    except PhonographError as error:
        causes = [fault.message for fault in error.diagnostics]
        at_front = any("`preprocessor" in cause for cause in causes)
        node = recogniser.mel if at_front else recogniser.encoder
        raise _cannot(graph, node.name, causes) from None
    checked = check_document(read_lock(dict(foreign.graph), str(path)), default_registry())
    if checked.graph is None:
        raise GraphError(checked.faults)
    found = recogniser_of(checked.graph, plan_view(checked.graph, "infer"))
    theirs = found.form()
    for key, value in recogniser.form().items():
        node = getattr(recogniser, key).name
        if causes := [_told(*one) for one in differences(value, theirs[key], node)]:
            raise _cannot(graph, node, causes)
    for role, weights in ours.items():
        back = {name: foreign.weights.get(f"{role}.{name}") for name in weights}
        lost = [name for name, tensor in back.items() if not _same(weights[name], tensor)]
        if lost:
            raise _cannot(graph, recogniser.encoder.name, [f"`{name}` is lost" for name in lost])


def _same(ours: Tensor, theirs: Tensor | None) -> bool:
    return theirs is not None and torch.equal(ours, theirs)


def _told(name: str, ours: Any, theirs: Any) -> str:
    return f"`{name}` is {_written(ours)} here, and would be {_written(theirs)} there"


def _written(value: Any) -> str:
    return str(value) if isinstance(value, str | int | float) else shown(value)


def _cannot(graph: SolvedGraph, node: str, causes: list[str]) -> GraphError:
    more = [f"and {len(causes) - _MOST_NAMED} more"] * (len(causes) > _MOST_NAMED)
    place = graph.spec.document.key_place("modules", node)
    message = f"`{node}` cannot be written as NeMo has it"
    shown_causes = (*causes[:_MOST_NAMED], *more)
    return GraphError(Diagnostic(CANNOT, message, place, causes=shown_causes))
