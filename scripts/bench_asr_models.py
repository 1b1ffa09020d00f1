"""The models of `bench_asr.py`, as NeMo's published configurations give them; plain data."""

from __future__ import annotations

from typing import Any

PIECES = 1024
LABELS = [" ", *"abcdefghijklmnopqrstuvwxyz", "'"]
PARAMETERS = {
    "quartznet-15x5": 18_924_381,
    "citrinet-256": None,
    "conformer-ctc-s": 13_154_033,
    "fastconformer-ctc-s": 12_781_665,
    "fastconformer-ctc-m": 26_392_065,
    "conformer-transducer-s": 14_610_753,
}
"""Models -> published weights, where they were counted for these sizes of the vocabulary."""

_MODULES = "nemo.collections.asr.modules."
_QUARTZNET = [(256, 33), (256, 39), (512, 51), (512, 63), (512, 75)]
_CITRINET = [
    (2, (11, 13, 15, 17, 19, 21)),
    (2, (13, 15, 17, 19, 21, 23, 25)),
    (2, (25, 27, 29, 31, 33, 35, 37, 39)),
]


def configuration(name: str) -> dict[str, Any]:
    """Return the section `model:` of a published configuration.

    Args:
        name: one of `PARAMETERS`.
    """
    match name:
        case "quartznet-15x5":
            return _quartznet()
        case "citrinet-256":
            return _citrinet(256)
        case "conformer-ctc-s":
            return _conformer_ctc(_conformer(176))
        case "fastconformer-ctc-s":
            return _conformer_ctc(_fast_conformer(176))
        case "fastconformer-ctc-m":
            return _conformer_ctc(_fast_conformer(256))
        case "conformer-transducer-s":
            return _transducer(_conformer(176), width=320)
    raise ValueError(f"there is no model `{name}`; there are {', '.join(PARAMETERS)}")


def target(name: str) -> str:
    """Return the class of NeMo's models that a configuration is for."""
    if "transducer" in name:
        return "EncDecRNNTBPEModel"
    return "EncDecCTCModel" if "quartznet" in name else "EncDecCTCModelBPE"


def _quartznet() -> dict[str, Any]:
    def row(filters: int, kernel: int, repeat: int, **more: Any) -> dict[str, Any]:
        plain = {"stride": [1], "dilation": [1], "dropout": 0.0, "separable": True}
        return {"filters": filters, "kernel": [kernel], "repeat": repeat, **plain, **more}

    rows = [row(256, 33, 1, stride=[2], residual=False)]
    rows += [row(f, k, 5, residual=True) for f, k in _QUARTZNET for _ in range(3)]
    rows += [row(512, 87, 1, dilation=[2], residual=False)]
    rows += [row(1024, 1, 1, residual=False)]
    return {
        **_audio(),
        "labels": LABELS,
        "preprocessor": _preprocessor(64, window=0.02),
        "spec_augment": _named(
            "SpectrogramAugmentation", rect_freq=50, rect_masks=5, rect_time=120
        ),
        "encoder": _conv_encoder(64, rows),
        "decoder": _named(
            "ConvASRDecoder", feat_in=1024, num_classes=len(LABELS), vocabulary=LABELS
        ),
    }


def _citrinet(filters: int) -> dict[str, Any]:
    gated = {"separable": True, "se": True, "se_context_size": -1, "dilation": [1]}

    def row(kernel: int, stride: int) -> dict[str, Any]:
        strided = {"stride_last": True, "residual_mode": "stride_add"} if stride > 1 else {}
        sizes = {"filters": filters, "kernel": [kernel], "stride": [stride], "repeat": 5}
        shape = {"residual": True, "dropout": 0.1, "kernel_size_factor": 1.0}
        return {**sizes, **shape, **gated, **strided}

    def single(filters: int, kernel: int) -> dict[str, Any]:
        sizes = {"filters": filters, "kernel": [kernel], "stride": [1], "repeat": 1}
        return {**sizes, "residual": False, "dropout": 0.0, **gated}

    rows = [
        row(kernel, stride if place == 0 else 1)
        for stride, kernels in _CITRINET
        for place, kernel in enumerate(kernels)
    ]
    return {
        **_audio(),
        "preprocessor": _preprocessor(80, window=0.025),
        "spec_augment": _spec_augment(),
        "encoder": _conv_encoder(80, [single(filters, 5), *rows, single(640, 41)]),
        "decoder": _named("ConvASRDecoder", feat_in=640, num_classes=-1, vocabulary=[]),
    }


def _conformer(width: int) -> dict[str, Any]:
    return {
        **_named("ConformerEncoder", feat_in=80, feat_out=-1, n_layers=16, d_model=width),
        "subsampling": "striding",
        "subsampling_factor": 4,
        "subsampling_conv_channels": -1,
        "ff_expansion_factor": 4,
        "self_attention_model": "rel_pos",
        "n_heads": 4,
        "att_context_size": [-1, -1],
        "xscaling": True,
        "untie_biases": True,
        "pos_emb_max_len": 5000,
        "conv_kernel_size": 31,
        "conv_norm_type": "batch_norm",
        "dropout": 0.1,
        "dropout_emb": 0.0,
        "dropout_att": 0.1,
    }


def _fast_conformer(width: int) -> dict[str, Any]:
    shorter = {"subsampling": "dw_striding", "subsampling_factor": 8, "conv_kernel_size": 9}
    return {**_conformer(width), **shorter, "subsampling_conv_channels": 256}


def _conformer_ctc(encoder: dict[str, Any]) -> dict[str, Any]:
    return {
        **_audio(),
        "ctc_reduction": "mean_batch",
        "preprocessor": _preprocessor(80, window=0.025, pad_to=0),
        "spec_augment": _spec_augment(),
        "encoder": encoder,
        "decoder": _named("ConvASRDecoder", feat_in=None, num_classes=-1, vocabulary=[]),
    }


def _transducer(encoder: dict[str, Any], *, width: int) -> dict[str, Any]:
    widths = {"pred_hidden": width, "joint_hidden": width}
    prediction = {"pred_hidden": width, "pred_rnn_layers": 1, "t_max": None, "dropout": 0.1}
    network = {"joint_hidden": width, "activation": "relu", "dropout": 0.1}
    decoder = {"normalization_mode": None, "random_state_sampling": False, "blank_as_pad": True}
    fused = {"log_softmax": None, "fuse_loss_wer": True, "fused_batch_size": 16}
    return {
        **_audio(),
        "compute_eval_loss": False,
        "model_defaults": {"enc_hidden": encoder["d_model"], **widths},
        "preprocessor": _preprocessor(80, window=0.025, pad_to=0),
        "spec_augment": _spec_augment(),
        "encoder": encoder,
        "decoder": _named("RNNTDecoder", **decoder, prednet=prediction),
        "joint": _named("RNNTJoint", **fused, preserve_memory=False, jointnet=network),
        "decoding": {"strategy": "greedy_batch", "greedy": {"max_symbols": 30}},
        "loss": {"loss_name": "default", "warprnnt_numba_kwargs": {"fastemit_lambda": 0.0}},
    }


def _audio() -> dict[str, Any]:
    # NeMo's `transcribe` looks into `validation_ds`
    heard = {"sample_rate": 16000, "batch_size": 16, "shuffle": False, "use_start_end_token": False}
    return {"sample_rate": 16000, "validation_ds": {"manifest_filepath": None, **heard}}


def _conv_encoder(features: int, rows: list[dict[str, Any]]) -> dict[str, Any]:
    return _named("ConvASREncoder", feat_in=features, activation="relu", conv_mask=True) | {
        "jasper": rows
    }


def _preprocessor(bands: int, *, window: float, pad_to: int = 16) -> dict[str, Any]:
    return _named(
        "AudioToMelSpectrogramPreprocessor",
        sample_rate=16000,
        normalize="per_feature",
        window_size=window,
        window_stride=0.01,
        window="hann",
        features=bands,
        n_fft=512,
        frame_splicing=1,
        dither=0.00001,
        pad_to=pad_to,
    )


def _spec_augment() -> dict[str, Any]:
    return _named(
        "SpectrogramAugmentation", freq_masks=2, time_masks=10, freq_width=27, time_width=0.05
    )


def _named(module: str, **settings: Any) -> dict[str, Any]:
    return {"_target_": _MODULES + module, **settings}
