"""A small recogniser with a recurrent layer, built with random weights."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from phonograph.collections import default_registry
from phonograph.graphs.check import check_document
from phonograph.graphs.document import parse_document
from phonograph.graphs.model import Model, build

SMALL = """\
phonograph: 1
name: small
modules:
  data:
    module: asr.manifest
    with: {sample_rate: 8000, tokenizer: {type: characters, alphabet: "ab "}}
  mel: {module: asr.log_mel, from: data.audio, with: {n_mels: 8}}
  encoder:
    module: asr.conv_encoder
    from: mel.features
    with: {blocks: [{filters: 6, kernel: 3, stride: 2}]}
  context: {module: asr.recurrent, from: encoder.encoded, with: {d_model: 4, cell: lstm}}
  head: {module: asr.ctc_head, from: context.encoded}
  loss: {module: asr.ctc_loss, from: {log_probs: head.log_probs, targets: data.tokens}}
  text: {module: asr.ctc_greedy, from: head.log_probs}
views:
  train: {run: [loss.loss]}
  infer: {feed: [data.audio], run: [text.text]}
  encode: {feed: [data.audio], run: [encoder.encoded]}
  features: {feed: [mel.features], run: [head.log_probs]}
  words: {feed: [head.log_probs], run: [text.text]}
"""

Build = Callable[..., Model]


@pytest.fixture(scope="session")
def build_small() -> Build:
    """Build the small graph, or another text."""

    def built(text: str = SMALL) -> Model:
        torch.manual_seed(0)
        checked = check_document(parse_document(text, "small.yaml", Path()), default_registry())
        assert checked.graph is not None, checked.faults
        model = build(checked.graph)
        model.module.eval()
        return model

    return built


@pytest.fixture
def small(build_small: Build) -> Model:
    return build_small()
