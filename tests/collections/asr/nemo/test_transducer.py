"""Transducers of NeMo compute the same here (goldens by scripts/make_transducer_goldens.py)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from phonograph.collections.asr.foreign_part import Part
from phonograph.collections.asr.foreign_settings import Settings, read_settings
from phonograph.collections.asr.foreign_weights import Weights
from phonograph.collections.asr.joint import Joint
from phonograph.collections.asr.nemo.transducer import (
    durations_of,
    translate_greedy,
    translate_joint,
    translate_loss,
    translate_predictor,
)
from phonograph.collections.asr.predictor import Predictor
from phonograph.collections.asr.stateless_predictor import StatelessPredictor
from phonograph.collections.asr.tdt_greedy import TdtGreedy
from phonograph.collections.asr.tdt_joint import TdtJoint
from phonograph.collections.asr.transducer_greedy import TransducerGreedy
from phonograph.modules.tdt_likelihood import tdt_nll
from phonograph.modules.token_scores import token_scores
from phonograph.modules.transducer_likelihood import transducer_nll
from phonograph.types.vocabulary import Vocabulary

GOLDENS = Path(__file__).parent / "goldens"
CASES = ("transducer", "stateless", "tdt")
CLASSES: dict[str, Any] = {
    "asr.predictor": Predictor,
    "asr.stateless_predictor": StatelessPredictor,
    "asr.joint": Joint,
    "asr.tdt_joint": TdtJoint,
}
VOCAB = Vocabulary.of(5, {"type": "characters", "alphabet": "abcd "})
MAX_SYMBOLS = 3


class Golden:
    """What NeMo gave, and the same networks of ours."""

    def __init__(self, name):
        with np.load(GOLDENS / f"{name}.npz") as stored:
            self.arrays = {
                key: torch.from_numpy(stored[key]) for key in stored if key != "configuration"
            }
            settings = read_settings(str(stored["configuration"]))
        weights = Weights(self.arrays)
        self.durations = durations_of(settings.section("loss"))
        decoder, joint = weights.under("decoder."), weights.under("joint.")
        self.predictor = built(translate_predictor(settings.section("decoder"), decoder))
        part = translate_joint(settings.section("joint"), joint, self.durations)
        self.joint = built(part, feat_in=7, pred_in=8)
        self.loss = translate_loss(settings.section("loss"))
        assert settings.faults() == []
        assert [*decoder.untaken(), *joint.untaken()] == []

    def __getitem__(self, name):
        return self.arrays[name]

    @torch.no_grad()
    def scores(self):
        predicted = self.predictor(self["targets"], self["target_lengths"])
        return self.joint(self["encoded"], predicted)


def built(part: Part, **widths: int) -> nn.Module:
    module = CLASSES[part.module](vocab=5, **widths, **part.arguments)
    module.load_state_dict(part.weights)
    return module.eval()


@pytest.fixture(scope="module", params=CASES)
def golden(request):
    return Golden(request.param)


def faults_of(settings: Settings) -> list[str]:
    return [fault.message for fault in settings.faults()]


def test_prefixes_are_predicted_alike(golden):
    with torch.no_grad():
        found = golden.predictor(golden["targets"], golden["target_lengths"])
    for row, tokens in enumerate(golden["target_lengths"].tolist()):
        kept = slice(tokens + 1)
        torch.testing.assert_close(found[row, :, kept], golden["predicted"][row, :, kept])


def test_points_are_scored_alike(golden):
    scores = golden.scores()
    found = torch.cat(scores[:2], dim=-1) if golden.durations else scores
    for row, tokens in enumerate(golden["target_lengths"].tolist()):
        expected = golden["joint"][row, :, : tokens + 1]
        torch.testing.assert_close(found[row, :, : tokens + 1], expected, atol=1e-5, rtol=1e-5)


def test_every_utterance_costs_the_same(golden):
    scores, lengths, targets = golden.scores(), golden["lengths"], golden["targets"]
    logits = scores[0] if golden.durations else scores
    blank, token = token_scores(logits, targets, golden["target_lengths"], blank=5)
    if golden.durations:
        sigma = golden.loss.arguments["sigma"]
        found, _ = tdt_nll(
            blank - sigma,
            token - sigma,
            scores[1].log_softmax(-1),
            scores[2],
            lengths,
            golden["target_lengths"],
        )
    else:
        found = transducer_nll(blank, token, lengths, golden["target_lengths"])
    torch.testing.assert_close(found, golden["losses"], atol=1e-4, rtol=1e-5)


def test_the_search_says_the_same_at_the_same_frames(golden):
    decoder = TdtGreedy if golden.durations else TransducerGreedy
    readings = decoder(VOCAB, max_symbols=MAX_SYMBOLS).search(
        golden["encoded"], golden["lengths"], golden.predictor, golden.joint
    )
    for row, reading in enumerate(readings):
        assert reading.tokens == golden[f"tokens{row}"].tolist()
        assert reading.starts == golden[f"frames{row}"].tolist()


def test_an_embedding_without_a_row_for_the_blank_gets_one():
    settings = read_settings(
        "{prednet: {pred_hidden: 2, pred_rnn_layers: 1}, blank_as_pad: false, vocab_size: 3}"
    )
    rows = torch.ones(3, 2)
    part = translate_predictor(settings, {"prediction.embed.weight": rows})
    expected = torch.tensor([[1.0, 1.0]] * 3 + [[0.0, 0.0]])
    assert torch.equal(part.weights["embedding.weight"], expected)
    assert faults_of(settings) == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "prednet: {pred_hidden: 2, pred_rnn_layers: 1000000000}",
            "`prednet.pred_rnn_layers`: the checkpoint has fewer layers",
        ),
        (
            "{_target_: StatelessTransducerDecoder, context_size: 9, prednet: {pred_hidden: 20}}",
            "`context_size`: the checkpoint has fewer embeddings",
        ),
    ],
)
def test_layers_beyond_those_of_the_checkpoint_are_refused_before_they_are_made(text, told):
    settings = read_settings(text)
    translate_predictor(settings, {})
    assert faults_of(settings) == [told]


def test_what_is_not_supported_is_named():
    settings = read_settings("""
        decoder:
          normalization_mode: batch
          prednet: {pred_hidden: 2, pred_rnn_layers: 1, rnn_hidden_size: 4}
        joint: {num_extra_outputs: 2, jointnet: {joint_hidden: 2, activation: gelu}}
        loss: {loss_name: multiblank_rnnt}
        decoding:
          strategy: maes
          greedy: {ngram_lm_model: lm.arpa, boosting_tree: {model_path: tree}}
    """)
    translate_predictor(settings.section("decoder"), {})
    translate_joint(settings.section("joint"), {}, durations_of(settings.section("loss")))
    translate_loss(settings.section("loss"))
    translate_greedy(settings.section("decoding"), tdt=False)
    assert faults_of(settings) == [
        '`decoder.normalization_mode` is the text "batch", which is not supported',
        "`decoder.prednet.rnn_hidden_size`: only cells as wide as `pred_hidden` are supported",
        "`joint.num_extra_outputs`: the loss has 0 durations",
        '`joint.jointnet.activation` is the text "gelu", which is not supported',
        '`loss.loss_name` is the text "multiblank_rnnt", which is not supported',
        '`decoding.strategy` is the text "maes", which is not supported',
        "`decoding.greedy.ngram_lm_model` is not supported",
        "`decoding.greedy.boosting_tree.model_path` is not supported",
    ]


@pytest.mark.parametrize(
    ("written", "limit"),
    [
        ("greedy: {max_symbols: 5}", 5),
        ("greedy: {max_symbols_per_step: 7}", 7),
        ("greedy: {max_symbols: null}", 10),
        ("greedy: {loop_labels: false}", 10),
        ("greedy: {use_cuda_graph_decoder: false}", 1000),
        ("strategy: greedy", 1000),
        ("", 10),
    ],
)
def test_a_search_without_a_limit_gets_that_of_nemo_or_a_high_one(written, limit):
    part = translate_greedy(read_settings(f"{{{written}}}"), tdt=True)
    assert (part.module, part.arguments) == ("asr.tdt_greedy", {"max_symbols": limit})


def test_a_search_frame_by_frame_has_no_limit_of_its_own():
    settings = read_settings("greedy: {loop_labels: false}")
    assert translate_greedy(settings, tdt=False).arguments == {"max_symbols": 1000}


@pytest.mark.parametrize(
    ("target", "told"),
    [
        ("SampledRNNTJoint", []),
        (
            "HATJoint",
            ["`_target_`: `HATJoint` is not supported; RNNTJoint and SampledRNNTJoint are"],
        ),
    ],
)
def test_a_joint_network_of_another_kind_is_refused(target, told):
    settings = read_settings(
        f"{{_target_: nemo.{target}, n_samples: 500, jointnet: {{joint_hidden: 2}}}}"
    )
    translate_joint(settings, {})
    assert faults_of(settings) == told


def test_a_loss_with_durations_that_are_none_is_refused():
    settings = read_settings("{loss_name: tdt, tdt_kwargs: {durations: [a]}}")
    assert durations_of(settings) == []
    assert faults_of(settings) == ["`tdt_kwargs.durations`: a list of whole numbers is wanted"]
