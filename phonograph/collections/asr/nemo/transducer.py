"""NeMo's transducers as `asr.predictor`, `asr.joint` and their kin: networks, loss, search."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor
from torch.nn.functional import pad

from phonograph.collections.asr.foreign_part import Part
from phonograph.collections.asr.foreign_settings import Settings

_ACTIVATIONS = {name: name for name in ("relu", "sigmoid", "tanh")}
_ONLY_AT_FIRST = (
    "forget_gate_bias",
    "t_max",
    "weights_init_scale",
    "hidden_hidden_bias_scale",
)
# How results are shown, other searches, and what the loss and the joint network say already.
_OTHER_DECODING = (
    "beam",
    "compute_hypothesis_token_set",
    "compute_langs",
    "compute_timestamps",
    "confidence_cfg",
    "durations",
    "fused_batch_size",
    "lang_tag_pattern",
    "model_type",
    "preserve_alignments",
    "rnnt_timestamp_type",
    "segment_gap_threshold",
    "segment_seperators",
    "tdt_include_token_duration",
    "temperature",
    "word_seperator",
)
_OTHER_GREEDY = (
    "boosting_tree_alpha",
    "confidence_method_cfg",
    "enable_per_stream_biasing",
    "ngram_lm_alpha",
    "preserve_alignments",
    "preserve_frame_confidence",
    "tdt_include_duration_confidence",
    "tdt_include_token_duration",
)
_JOINTS = ("RNNTJoint", "SampledRNNTJoint")  # the second samples tokens in training only
_BOOSTED = ("model_path", "key_phrases_file", "key_phrases_list", "key_phrase_items_list")
_UNLIMITED = 1000  # NeMo would never return from a frame where it never says blank
_LIMIT_OF_GRAPHS = 10  # NeMo sets it where graphs of CUDA may be used, on processors too

# Which loss; the names beyond these are of other models. The first kind differs in who computes it.
_PLAIN = ("default", "warprnnt", "warprnnt_numba", "pytorch", "graph_rnnt")
_WITH_DURATIONS = ("tdt", "tdt_pytorch")
_LOSSES: dict[str | None, str] = {
    None: "plain",
    **dict.fromkeys(_PLAIN, "plain"),
    **dict.fromkeys(_WITH_DURATIONS, "tdt"),
}


def translate_predictor(settings: Settings, weights: Mapping[str, Tensor]) -> Part:
    """Translate the section `decoder`, the prediction network.

    Args:
        settings: the section.
        weights: its tensors.

    >>> from phonograph.collections.asr.foreign_settings import read_settings
    >>> text = "{prednet: {pred_hidden: 6, context: 2}, _target_: StatelessTransducerDecoder}"
    >>> settings = read_settings(text)
    >>> translate_predictor(settings, {}).module, settings.faults()[0].message
    ('asr.stateless_predictor', '`prednet.context` is not supported')
    """
    match str(settings.value("_target_", "RNNTDecoder")).rpartition(".")[2]:
        case "RNNTDecoder":
            return _recurrent(settings, weights)
        case "StatelessTransducerDecoder":
            return _stateless(settings, weights)
    settings.refuse("_target_", "only RNNTDecoder and StatelessTransducerDecoder are supported")
    return Part("asr.predictor")


def _recurrent(settings: Settings, weights: Mapping[str, Tensor]) -> Part:
    settings.ignore("vocab_size", "random_state_sampling")
    settings.choice("normalization_mode", {None: None}, None)
    network = settings.section("prednet")
    network.ignore(*_ONLY_AT_FIRST)
    width = network.number("pred_hidden")
    if network.number("rnn_hidden_size", -1) not in (width, -1, 0):
        network.refuse("rnn_hidden_size", "only cells as wide as `pred_hidden` are supported")
    arguments = {
        "d_model": width,
        "layers": network.number("pred_rnn_layers"),
        "dropout": network.number("dropout", 0.0),
    }
    prefix = "prediction.dec_rnn."
    renamed = {n.removeprefix(prefix): weights[n] for n in weights if n.startswith(prefix)}
    if arguments["layers"] > max(1, len(renamed)):
        network.refuse("pred_rnn_layers", "the checkpoint has fewer layers")
    embedding = "prediction.embed.weight"
    if embedding in weights:
        has_blank = settings.flag("blank_as_pad", default=True)
        rows = weights[embedding]
        renamed["embedding.weight"] = rows if has_blank else pad(rows, (0, 0, 0, 1))
    return Part("asr.predictor", arguments, renamed)


def _stateless(settings: Settings, weights: Mapping[str, Tensor]) -> Part:
    settings.ignore("vocab_size", "blank_as_pad", "random_state_sampling")
    network = settings.section("prednet")
    network.ignore("pred_rnn_layers", *_ONLY_AT_FIRST)
    context = settings.number("context_size", 1)
    arguments = {
        "d_model": network.number("pred_hidden"),
        "context": context,
        "norm": settings.choice("normalization_mode", {None: "none", "layer": "layer"}, None),
        "dropout": network.number("dropout", 0.0),
    }
    prefix = "prediction.embeds."
    named = {n: f"embeddings.{n.removeprefix(prefix)}" for n in weights if n.startswith(prefix)}
    renamed = {ours: weights[theirs] for theirs, ours in named.items()}
    if context > max(1, len(renamed)):
        settings.refuse("context_size", "the checkpoint has fewer embeddings")
    return Part("asr.stateless_predictor", arguments, renamed)


def translate_joint(
    settings: Settings, weights: Mapping[str, Tensor], durations: Sequence[int] = ()
) -> Part:
    """Translate the section `joint`.

    Whether its scores are normalised (`log_softmax`) does not matter to a loss or a search.

    Args:
        settings: the section.
        weights: its tensors.
        durations: what `durations_of` gave.

    >>> from phonograph.collections.asr.foreign_settings import read_settings
    >>> settings = read_settings("jointnet: {joint_hidden: 6, activation: tanh}")
    >>> translate_joint(settings, {}).arguments
    {'d_model': 6, 'activation': 'tanh', 'dropout': 0.0}
    """
    target = str(settings.value("_target_", "RNNTJoint")).rpartition(".")[2]
    if target not in _JOINTS:
        settings.refuse("_target_", f"`{target}` is not supported; {' and '.join(_JOINTS)} are")
    settings.ignore("num_classes", "vocabulary", "log_softmax", "masking_prob", "n_samples")
    settings.ignore("preserve_memory", "fuse_loss_wer", "fused_batch_size")
    settings.ignore("experimental_fuse_loss_wer")
    if settings.number("num_extra_outputs", 0) != len(durations):
        settings.refuse("num_extra_outputs", f"the loss has {len(durations)} durations")
    network = settings.section("jointnet")
    network.ignore("encoder_hidden", "pred_hidden")
    arguments: dict[str, Any] = {
        "d_model": network.number("joint_hidden"),
        "activation": network.choice("activation", _ACTIVATIONS, "relu"),
        "dropout": network.number("dropout", 0.0),
    }
    renamed: dict[str, Tensor] = {}
    for kind in ("weight", "bias"):
        for theirs, ours in (("enc", "encoded"), ("pred", "predicted")):
            if f"{theirs}.{kind}" in weights:
                renamed[f"hidden.{ours}.{kind}"] = weights[f"{theirs}.{kind}"]
        # Without dropout the last layer is number 1 of its list.
        for name in [n for n in weights if n.startswith("joint_net.") and n.endswith(kind)]:
            renamed |= _split(weights[name], kind, len(durations))
    if not durations:
        return Part("asr.joint", arguments, renamed)
    return Part("asr.tdt_joint", {**arguments, "durations": list(durations)}, renamed)


def _split(rows: Tensor, kind: str, durations: int) -> dict[str, Tensor]:
    """Give the last rows of the output layer to the durations."""
    if not durations:
        return {f"tokens.{kind}": rows}
    return {f"tokens.{kind}": rows[:-durations], f"durations.{kind}": rows[-durations:]}


def translate_loss(settings: Settings) -> Part:
    """Translate the section `loss`; what is ignored changes gradients only.

    >>> from phonograph.collections.asr.foreign_settings import read_settings
    >>> translate_loss(read_settings("{loss_name: tdt, tdt_kwargs: {sigma: 0.02, omega: 0.1}}"))
    Part(module='asr.tdt_loss', arguments={'sigma': 0.02, 'omega': 0.1}, weights={})
    """
    written, keys = _keyword(settings), settings.keys()
    kind = settings.choice("loss_name", _LOSSES, "default")
    settings.ignore(*(key for key in keys if key.endswith("_kwargs") and key != written))
    chosen = settings.section(written)
    chosen.ignore("fastemit_lambda", "clamp")
    if kind == "plain":
        return Part("asr.transducer_loss")
    chosen.ignore("durations")
    arguments = {"sigma": chosen.number("sigma", 0.0), "omega": chosen.number("omega", 0.0)}
    return Part("asr.tdt_loss", arguments)


def durations_of(settings: Settings) -> list[int]:
    """Return the durations of the section `loss`; none for a plain transducer.

    >>> from phonograph.collections.asr.foreign_settings import read_settings
    >>> durations_of(read_settings("{loss_name: tdt, tdt_kwargs: {durations: [0, 1, 2]}}"))
    [0, 1, 2]
    """
    if settings.value("loss_name") not in _WITH_DURATIONS:
        return []
    chosen = settings.section(_keyword(settings))
    durations = chosen.value("durations")
    if isinstance(durations, list) and durations and all(type(d) is int for d in durations):
        return durations
    chosen.refuse("durations", "a list of whole numbers is wanted")
    return []


def _keyword(settings: Settings) -> str:
    name = settings.value("loss_name")
    return f"{'warprnnt_numba' if name in (None, 'default') else name}_kwargs"


def translate_greedy(settings: Settings, *, tdt: bool) -> Part:
    """Translate the section `decoding` of a transducer.

    Args:
        settings: the section.
        tdt: whether the model has durations.

    >>> from phonograph.collections.asr.foreign_settings import read_settings
    >>> settings = read_settings("{strategy: greedy_batch, greedy: {max_symbols: 5}}")
    >>> translate_greedy(settings, tdt=False)
    Part(module='asr.transducer_greedy', arguments={'max_symbols': 5}, weights={})
    """
    batched = {"greedy": False, "greedy_batch": True}
    limited = settings.choice("strategy", batched, "greedy_batch")
    settings.choice("strip_lang_tags", {False: None, None: None}, False)  # noqa: FBT003
    settings.ignore(*_OTHER_DECODING)
    greedy = settings.section("greedy")
    greedy.ignore(*_OTHER_GREEDY)
    tree = greedy.section("boosting_tree")
    tree.ignore(*(set(tree.keys()) - set(_BOOSTED)))
    labels, graphs = (
        greedy.flag(key, default=True) for key in ("loop_labels", "use_cuda_graph_decoder")
    )
    limited = limited and graphs and (labels or tdt)
    limit = greedy.number("max_symbols", None) or greedy.number("max_symbols_per_step", None)
    limit = limit or (_LIMIT_OF_GRAPHS if limited else _UNLIMITED)
    module = "asr.tdt_greedy" if tdt else "asr.transducer_greedy"
    return Part(module, {"max_symbols": int(limit)})
