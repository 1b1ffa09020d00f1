"""Every recipe, made small, learns from the shipped prompts and writes text.

A row names the overrides that make a recipe small; its kind of layers and wires stays. Recipes with
pieces get a piece model that is trained on the shipped texts.
"""

from pathlib import Path

import pytest
import torch
import yaml

from phonograph.collections.recipes import recipe_names
from phonograph.graphs.model import build
from phonograph.graphs.spec import PortName

STEPS = 6

MINI = yaml.safe_load(Path(__file__).with_name("small_recipes.yaml").read_text(encoding="utf-8"))
# From a checkpoint of an optional package; the quick start trains prompts.
NOT_HERE = {"asr/prompts", "asr/an4-hama", "asr/an4-hama-unfrozen"}


def test_every_recipe_has_a_row():
    assert sorted([*MINI, *NOT_HERE]) == recipe_names()


@pytest.mark.parametrize("recipe", sorted(MINI))
def test_a_small_form_learns_and_writes_text(recipe, small_recipe):
    model = build(small_recipe(recipe))
    layer = model.modules["data"]
    dataset = layer.dataset("train")
    batch = layer.collate([dataset[index] for index in range(len(dataset))])
    view = model.view("train")
    given = {port: batch[port.port] for port in view.view.inputs}
    optimizer = torch.optim.AdamW(model.module.parameters(), lr=2e-3)
    losses = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = view(given)[PortName("loss", "loss")]
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.module.parameters(), 1.0)
        optimizer.step()
        losses.append(float(loss.detach()))
    assert min(losses[-2:]) < losses[0]
    assert all(weight.grad is not None for weight in model.module.parameters())
    model.module.eval()
    infer = model.view("infer")
    with torch.no_grad():
        said = infer({port: batch[port.port] for port in infer.view.inputs})
    assert len(said[PortName("text", "text")]) == len(dataset)
