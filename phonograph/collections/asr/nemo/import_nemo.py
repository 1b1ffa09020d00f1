"""A `.nemo` checkpoint as a graph of our own modules with its weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from torch import Tensor

from phonograph.collections.asr.acoustic_graph import AcousticModel, Transducer, acoustic_graph
from phonograph.collections.asr.foreign_model import Foreign
from phonograph.collections.asr.foreign_part import Part
from phonograph.collections.asr.foreign_settings import UNSUPPORTED, Settings, read_settings
from phonograph.collections.asr.foreign_weights import MissingTensorError, Weights
from phonograph.collections.asr.nemo import conformer, conv_encoder, ctc_head, front_end, transducer
from phonograph.collections.asr.nemo.archive import Archive, read_archive
from phonograph.collections.asr.nemo.augmentation import translate_augmentation
from phonograph.collections.asr.nemo.tokenizer import translate_labels, translate_pieces
from phonograph.collections.asr.weight_misfits import Misfit, misfits
from phonograph.errors import BundleError, Diagnostic, Place, nearest

MISFIT = "PB032"

_CTC, _TRANSDUCER = "ctc", "transducer"
_HEADS = {
    "EncDecCTCModel": {_CTC},
    "EncDecCTCModelBPE": {_CTC},
    "EncDecRNNTModel": {_TRANSDUCER},
    "EncDecRNNTBPEModel": {_TRANSDUCER},
    "EncDecHybridRNNTCTCModel": {_TRANSDUCER, _CTC},
    "EncDecHybridRNNTCTCBPEModel": {_TRANSDUCER, _CTC},
}
_FRONT_ENDS = ("AudioToMelSpectrogramPreprocessor",)
_ENCODERS = ("ConvASREncoder", "ConformerEncoder")
_READ = ("target", "preprocessor", "spec_augment", "encoder", "decoder")
_READ_OF_HEADS = {_CTC: (), _TRANSDUCER: ("joint", "loss", "decoding")}
_MOST_NAMED = 8


def read_nemo(path: Path) -> Foreign:
    """Read a checkpoint that NeMo wrote, without NeMo.

    Args:
        path: a `.nemo` file.

    Returns:
        the model, ready to transcribe with and to be trained further.

    Raises:
        GraphError: its configuration is no plain YAML, or passes a bound.
        BundleError: PB030, it is no such file; PB031, settings that are not supported, all of them
            with their places; PB032, its weights are not those of its settings.
    """
    archive = read_archive(path)
    settings = read_settings(archive.configuration, f"{path.name}/model_config.yaml")
    reader = _Reader(path, settings, archive)
    if not reader.heads:
        raise BundleError(reader.unknown_class())
    model = reader.model()
    if faults := settings.faults():
        raise BundleError(faults)
    reader.check_all_taken()
    graph, weights = acoustic_graph(model)
    if found := misfits(graph, weights, str(path)):
        raise _misfit(path, [_told(one) for one in found])
    return Foreign(graph, weights, reader.left_out())


class _Reader:
    """Translates the sections of one checkpoint, and keeps count of its tensors."""

    def __init__(self, path: Path, settings: Settings, archive: Archive) -> None:
        self.path = path
        self.settings = settings
        self.files = archive.files
        self.weights = Weights(archive.tensors)
        self.missing: list[str] = []
        self.target = str(settings.value("target") or "").rpartition(".")[2]
        self.heads = _HEADS.get(self.target, set())

    @property
    def hybrid(self) -> bool:
        """Whether there is a CTC head beside a transducer."""
        return len(self.heads) > 1

    def unknown_class(self) -> Diagnostic:
        """Say that models of this class are not read, whatever else is set."""
        message = f"models of the class `{self.target}` are not supported"
        place = self.settings.place("target")
        return Diagnostic(UNSUPPORTED, message, place, help=nearest(self.target, list(_HEADS)))

    def model(self) -> AcousticModel:
        """Translate every section; faults are left in the settings."""
        self.settings.ignore(*self._without_effect())
        preprocessor = self.settings.section("preprocessor")
        sample_rate, parts = self._front_end(preprocessor)
        return AcousticModel(
            name=self.path.stem,
            sample_rate=sample_rate,
            encoder=self._encoder(preprocessor),
            front_end=parts,
            tokenizer=self._tokenizer(),
            head=self._head() if _CTC in self.heads else None,
            transducer=self._transducer() if _TRANSDUCER in self.heads else None,
            ctc_share=self._ctc_share() if self.hybrid else 0.0,
        )

    def check_all_taken(self) -> None:
        """Refuse tensors that are left over or missing.

        Raises:
            BundleError: names them.
        """
        causes = [f"it lacks `{name}`" for name in self.missing]
        causes += [f"`{name}` has no place in the model" for name in self.weights.untaken()]
        if causes:
            raise _misfit(self.path, causes)

    def left_out(self) -> tuple[str, ...]:
        """Say which sections were not taken over."""
        names = [key for key in self._without_effect() if isinstance(self.settings.peek(key), dict)]
        told = f"left out, being of training or without effect on results: {', '.join(names)}"
        return (told,) if names else ()

    def _without_effect(self) -> list[str]:
        """Name what stands at the top and is no part of the model; a part has a `_target_`."""
        read = {*_READ, *(key for head in self.heads for key in _READ_OF_HEADS[head])}
        read |= {"aux_ctc"} if self.hybrid else set()
        read |= {"tokenizer"} if "BPE" in self.target else set()
        return [key for key in self.settings if key not in read and not self._is_module(key)]

    def _is_module(self, key: str) -> bool:
        value = self.settings.peek(key)
        return isinstance(value, dict) and "nemo." in str(value.get("_target_"))

    def _tokenizer(self) -> dict[str, Any]:
        if "BPE" in self.target:
            return translate_pieces(self.settings.section("tokenizer"), self.files)
        decoder = self.settings.section("decoder")
        if "vocabulary" in decoder and _TRANSDUCER not in self.heads:
            return translate_labels(decoder, "vocabulary")
        return translate_labels(self.settings, "labels")

    def _front_end(self, settings: Settings) -> tuple[int, dict[str, Part]]:
        """Return the sample rate, and what audio goes through."""
        noise = front_end.dither(settings)
        mel = self._mel(settings)
        arguments = dict(mel.arguments)
        rate = arguments.pop("sample_rate")  # the data layer's; the wire brings it along
        parts = {
            "dither": Part("asr.dither", {"amount": noise}) if noise > 0 else None,
            "mel": replace(mel, arguments=arguments),
            "augment": translate_augmentation(self.settings.section("spec_augment")),
        }
        return rate, {name: part for name, part in parts.items() if part}

    def _mel(self, settings: Settings) -> Part:
        if not _is_one_of(settings, _FRONT_ENDS):
            return Part("asr.log_mel", {"sample_rate": 16000})
        return self._part(front_end.translate, settings, "preprocessor.")

    def _encoder(self, preprocessor: Settings) -> Part:
        settings = self.settings.section("encoder")
        if not _is_one_of(settings, _ENCODERS):
            return Part("asr.conformer")
        pad_to = preprocessor.value("pad_to", 16)
        pad_to = pad_to if isinstance(pad_to, int) else 0
        if "Conformer" in str(settings.value("_target_")):
            value = preprocessor.number("pad_value", 0.0)
            attending = partial(conformer.translate, pad_to=pad_to, pad_value=value)
            return self._part(attending, settings, "encoder.")
        convolving = partial(conv_encoder.translate, pad_to=pad_to)
        return self._part(convolving, settings, "encoder.")

    def _head(self) -> Part:
        if self.hybrid:
            settings = self.settings.section("aux_ctc").section("decoder")
            return self._part(ctc_head.translate, settings, "ctc_decoder.")
        return self._part(ctc_head.translate, self.settings.section("decoder"), "decoder.")

    def _ctc_share(self) -> float:
        settings = self.settings.section("aux_ctc")
        settings.ignore("use_cer", "ctc_reduction", "decoding")
        return settings.number("ctc_loss_weight", 0.5)

    def _transducer(self) -> Transducer:
        loss = self.settings.section("loss")
        durations = transducer.durations_of(loss)
        joint = partial(transducer.translate_joint, durations=durations)
        decoder = self.settings.section("decoder")
        return Transducer(
            predictor=self._part(transducer.translate_predictor, decoder, "decoder."),
            joint=self._part(joint, self.settings.section("joint"), "joint."),
            loss=transducer.translate_loss(loss),
            text=transducer.translate_greedy(
                self.settings.section("decoding"), tdt=bool(durations)
            ),
        )

    def _part(
        self,
        translate: Callable[[Settings, Mapping[str, Tensor]], Part],
        settings: Settings,
        prefix: str,
    ) -> Part:
        try:
            return translate(settings, self.weights.under(prefix))
        except MissingTensorError as error:
            self.missing.append(error.name)
            return Part("")


def _is_one_of(settings: Settings, known: tuple[str, ...]) -> bool:
    target = str(settings.value("_target_") or "")
    if target.rpartition(".")[2] in known:
        return True
    settings.ignore(*settings)
    settings.refuse("_target_", f"`{target}` is not supported; supported: {', '.join(known)}")
    return False


def _told(misfit: Misfit) -> str:
    if misfit.given is None or misfit.wanted is None:
        return f"`{misfit.name}` is {'missing' if misfit.given is None else 'left over'}"
    return f"`{misfit.name}` has the shape {misfit.given}, not {misfit.wanted}"


def _misfit(path: Path, causes: list[str]) -> BundleError:
    named = causes[:_MOST_NAMED]
    named += [f"and {len(causes) - _MOST_NAMED} more"] * (len(causes) > _MOST_NAMED)
    message = "the weights are not those of a model with these settings"
    return BundleError(Diagnostic(MISFIT, message, Place(str(path)), causes=tuple(named)))
