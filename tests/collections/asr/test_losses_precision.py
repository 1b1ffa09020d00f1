"""Every loss is computed in float32, whatever the precision of what it is given."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from phonograph.collections import default_registry
from phonograph.graphs.model import build
from phonograph.types.kinds import Loss

VOCAB = 5


def _targets(draws):
    counts = torch.tensor([3, 1, 2])
    return torch.randint(0, VOCAB, (3, 3), generator=draws), counts


def _ctc(draws):
    scores = torch.randn(3, 9, VOCAB + 1, generator=draws).log_softmax(2)
    return {"vocab": VOCAB}, [scores], [torch.tensor([9, 5, 8]), *_targets(draws)]


def _transducer(draws):
    scores = torch.randn(3, 6, 4, VOCAB + 1, generator=draws)
    return {"vocab": VOCAB}, [scores], [torch.tensor([6, 3, 5]), *_targets(draws)]


def _tdt(draws):
    scores, jumps = _transducer(draws)[1][0], torch.randn(3, 6, 4, 5, generator=draws)
    rest = [torch.tensor([0, 1, 2, 3, 4]), torch.tensor([6, 3, 5]), *_targets(draws)]
    return {"vocab": VOCAB}, [scores, jumps], rest


def _attention(draws):
    scores = torch.randn(3, 4, VOCAB + 1, generator=draws)
    return {"vocab": VOCAB}, [scores], list(_targets(draws))


def _command(draws):
    scores = torch.randn(3, VOCAB, generator=draws)
    targets = torch.randint(0, VOCAB, (3, 1), generator=draws)
    return {"vocab": VOCAB}, [scores], [targets, torch.ones(3).long()]


def _weighted(draws):
    first, second = torch.rand(2, generator=draws)
    return {"weight": 0.3}, [first, second], []


CASES = {
    "asr.ctc_loss": _ctc,
    "asr.transducer_loss": _transducer,
    "asr.tdt_loss": _tdt,
    "asr.attention_loss": _attention,
    "asr.command_loss": _command,
    "asr.weighted_loss": _weighted,
}


def test_every_loss_of_the_registry_has_a_case():
    declarations, faults = default_registry().load_all()
    assert faults == []
    losses = [
        declaration.id
        for declaration in declarations
        if any(isinstance(kind, Loss) for kind in declaration.ports.outputs.values())
    ]
    assert sorted(losses) == sorted(CASES)


def _loss_and_gradients(loss, scores, rest):
    leaves = [score.clone().requires_grad_() for score in scores]
    found = loss(*leaves, *rest)
    value = found[0] if isinstance(found, tuple) else found
    value.backward()
    return value.detach(), [leaf.grad for leaf in leaves]


@pytest.mark.parametrize("autocast", [False, True])
@pytest.mark.parametrize("name", CASES)
@settings(max_examples=10)
@given(seed=st.integers(0, 10_000))
def test_bf16_gives_the_loss_that_float32_gives_for_the_same_scores(name, autocast, seed):
    arguments, scores, rest = CASES[name](torch.Generator().manual_seed(seed))
    loss = default_registry().load(name).cls(**arguments)
    half = [score.bfloat16() for score in scores]
    exact, slopes = _loss_and_gradients(loss, [score.float() for score in half], rest)
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        value, found = _loss_and_gradients(loss, half, rest)
    assert value.dtype == torch.float32
    assert value.item() == pytest.approx(exact.item(), rel=1e-6)
    for slope, other in zip(slopes, found, strict=True):
        assert other.isfinite().all()
        assert torch.allclose(other.float(), slope, rtol=1e-2, atol=1e-3)


@pytest.mark.parametrize(
    "recipe", ["quartznet-5x5", "conformer-ctc-small", "fastconformer-tdt-large", "las-ctc"]
)
def test_a_recipe_under_autocast_computes_its_losses_in_float32(small_recipe, recipe):
    torch.manual_seed(0)
    model = build(small_recipe(f"asr/{recipe}"))
    layer = model.modules["data"]
    dataset = layer.dataset("train")
    batch = layer.collate([dataset[index] for index in range(3)])
    view = model.view("train")
    heard = []

    def hear(part, unnamed, named, gave):
        assert unnamed == ()
        heard.append((part, named, gave))

    losses = [part for name, part in model.modules.items() if name.endswith("loss")]
    hooks = [part.register_forward_hook(hear, with_kwargs=True) for part in losses]
    with torch.autocast("cpu", torch.bfloat16):
        values = view({port: batch[port.port] for port in view.view.inputs})
    for hook in hooks:
        hook.remove()
    (loss,) = [value for port, value in values.items() if str(port) == "loss.loss"]
    loss.backward()
    assert len(heard) == len(losses) > 0
    for part, named, gave in heard:
        wide = {name: x.float() if x.is_floating_point() else x for name, x in named.items()}
        for value, same in zip(_flat(gave), _flat(part(**wide)), strict=True):
            assert torch.equal(value, same)
    gradients = [weight.grad for weight in model.module.parameters()]
    assert all(one is not None and one.isfinite().all() for one in gradients)


def _flat(found):
    return found if isinstance(found, tuple) else (found,)
