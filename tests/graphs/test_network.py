"""A port may carry a module itself, for a decoder that calls it step by step."""

import pytest
import torch
from torch import nn

from phonograph.collections import default_registry
from phonograph.collections.recipes import locate
from phonograph.errors import GraphError
from phonograph.graphs.check import check_graph, load_graph
from phonograph.graphs.describe import describe
from phonograph.graphs.model import build
from phonograph.graphs.spec import PortName
from phonograph.types.kinds import Encoded, Features, Lengths, Loss, Network, Text, Tokens
from phonograph.types.ports import ports
from phonograph.types.registry import Registry, register
from phonograph.types.vocabulary import Vocabulary


@register("test.speller", version=1)
class Speller(nn.Module):
    """Scores tokens; needs transcripts to run."""

    def __init__(self, vocab: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocab, 4)

    @ports(
        features=Features("B D T"),
        targets=Tokens("B U"),
        out={"spelt": Encoded("B 4 U"), "network": Network(role="decoder")},
    )
    def forward(self, features, targets):
        return self.embedding(targets).transpose(1, 2)


@register("test.loss", version=1)
class ItsLoss(nn.Module):
    @ports(spelt=Encoded("B 4 U"), out={"loss": Loss("")})
    def forward(self, spelt):
        return spelt.square().mean()


@register("test.reader", version=1)
class Reader(nn.Module):
    def __init__(self, vocab: Vocabulary) -> None:
        super().__init__()
        self.size = vocab.size

    @ports(
        features=Features("B D T"),
        lengths=Lengths("B", of="T"),
        decoder=Network(role="decoder"),
        out={"text": Text("B")},
    )
    def forward(self, features, lengths, decoder):
        return [f"{self.size} {decoder.embedding.weight.shape[0]}"] * len(lengths)


@register("test.joiner", version=1)
class Joiner(nn.Module):
    @ports(
        features=Features("B D T"), decoder=Network(role="joint", vocab=""), out={"text": Text("B")}
    )
    def forward(self, features, decoder):
        return [str(decoder)] * len(features)


GRAPH = """\
phonograph: 1
name: speller
modules:
  data:
    module: asr.manifest
    with: {sample_rate: 16000, tokenizer: {type: characters, alphabet: "ab "}}
  mel:     {module: asr.log_mel, from: data.audio, with: {n_mels: 8}}
  speller: {module: test.speller, from: {features: mel.features, targets: data.tokens}}
  loss:    {module: test.loss, from: speller.spelt}
  text:    {module: test.reader, from: {features: mel.features, decoder: speller.network}}
views:
  train: {run: [loss.loss]}
  infer: {feed: [data.audio], run: [text.text]}
"""


def load(tmp_path, text=GRAPH, *overrides):
    here = {
        f"test.{name}": f"{__name__}:{cls}"
        for name, cls in (
            ("speller", "Speller"),
            ("loss", "ItsLoss"),
            ("reader", "Reader"),
            ("joiner", "Joiner"),
        )
    }
    path = tmp_path / "speller.yaml"
    path.write_text(text)
    return load_graph(path, overrides, Registry({**default_registry().table, **here}))


def test_a_view_that_wants_only_the_network_does_not_run_its_node(tmp_path):
    model = build(load(tmp_path))
    view = model.view("infer")
    assert view.view.nodes == ("mel", "text")
    assert view.view.networks == (PortName("speller", "network"),)
    given = {
        PortName("data", "audio"): torch.randn(2, 800),
        PortName("data", "audio_lengths"): torch.tensor([800, 700]),
    }
    assert view(given)[PortName("text", "text")] == ["3 3", "3 3"]


def test_the_vocabulary_is_solved_along_the_network(tmp_path):
    graph = load(tmp_path)
    vocab = graph.nodes["text"].parameters["vocab"]
    assert isinstance(vocab, Vocabulary)
    assert vocab.size == graph.nodes["speller"].parameters["vocab"] == 3


def test_a_node_that_returns_one_value_beside_its_network_returns_it_bare(tmp_path):
    view = build(load(tmp_path)).view("train")
    given = {
        PortName("data", "audio"): torch.randn(1, 800),
        PortName("data", "audio_lengths"): torch.tensor([800]),
        PortName("data", "tokens"): torch.tensor([[0, 2]]),
        PortName("data", "token_lengths"): torch.tensor([2]),
    }
    given = {port: given[port] for port in view.view.inputs}
    assert view(given)[PortName("loss", "loss")].shape == ()


def test_the_node_of_a_network_is_shown_in_its_view(tmp_path):
    described = describe(build(load(tmp_path), "meta"), "infer")
    speller = next(node for node in described.nodes if node.name == "speller")
    assert [port.name for port in speller.outputs] == ["network"]
    assert speller.parameters == 12


def test_a_network_is_no_value_to_run(tmp_path):
    with pytest.raises(GraphError) as caught:
        load(tmp_path, GRAPH.replace("run: [loss.loss]", "run: [speller.network]"))
    message = "`speller.network` is a module, which a decoder uses; a view gives values"
    assert [fault.message for fault in caught.value.diagnostics] == [message]


def test_a_network_of_another_role_is_refused(tmp_path):
    with pytest.raises(GraphError) as caught:
        load(tmp_path, GRAPH.replace("test.reader", "test.joiner"))
    message = "Network with role decoder cannot feed Network with role joint"
    assert caught.value.diagnostics[0].message == message


def test_what_a_decoder_gives_to_a_network_has_the_width_it_was_trained_with():
    path, name = locate("phonograph://asr/conformer-transducer-small")
    changes = [
        "modules.extra={module: combine.stack_frames, from: encoder.encoded}",
        "modules.text.from.encoded=extra.encoded",
    ]
    (fault,) = check_graph(path, changes, default_registry(), name=name).faults
    assert str(fault) == (
        "error[PG031]: sizes disagree between two ways to `text`\n"
        "  --> command line: modules.text.from.encoded=extra.encoded\n"
        "   = `D` of `text` is 176 by its other wire\n"
        "   = both follow from encoder.d_model (phonograph://asr/conformer-transducer-small:23)"
    )
