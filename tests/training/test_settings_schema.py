from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from phonograph.graphs.annotation_schema import AnnotationSchemas
from phonograph.training.optimizer_choice import OPTIMIZERS
from phonograph.training.settings import check_settings
from phonograph.training.settings_schema import train_schema
from phonograph.training.trainer_arguments import OWNED, trainer_arguments

SCHEMAS = AnnotationSchemas()
TRAIN = train_schema(SCHEMAS)
VALIDATOR = Draft202012Validator({**TRAIN, "$defs": SCHEMAS.definitions})


def test_every_argument_of_the_trainer_is_there_and_described():
    arguments = TRAIN["properties"]["trainer"]["properties"]
    assert set(arguments) == set(trainer_arguments())
    assert not set(arguments) & set(OWNED)
    assert arguments["max_epochs"]["description"].startswith("Stop training once this number of")


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_optimizer_takes_its_own_arguments(name):
    assert VALIDATOR.is_valid({"optimizer": {"name": name, "lr": 0.1}})
    assert not VALIDATOR.is_valid({"optimizer": {"name": name, "speed": 0.1}})


def test_the_words_of_an_optimizer_come_along():
    choice = next(
        choice["then"]["properties"]
        for choice in TRAIN["properties"]["optimizer"]["allOf"]
        if choice["if"]["properties"]["name"]["const"] == "adamw"
    )
    assert choice["lr"]["default"] == 1e-3
    assert "learning rate" in choice["lr"]["description"]


@given(
    settings=st.fixed_dictionaries(
        {},
        optional={
            "optimizer": st.fixed_dictionaries(
                {"name": st.sampled_from(["adamw", "sgd"])},
                optional={"lr": st.sampled_from([0.1, -0.1, "x"]), "betas": st.just([0.9, 0.99])},
            ),
            "schedule": st.fixed_dictionaries(
                {},
                optional={
                    "name": st.sampled_from(["cosine", "step"]),
                    "warmup_steps": st.sampled_from([0, 9, -1]),
                },
            ),
            "seed": st.sampled_from([0, 5, -1, "a"]),
            "threads": st.sampled_from([None, 1, 0]),
            "trainer": st.fixed_dictionaries(
                {}, optional={"max_steps": st.sampled_from([1, -1, "all"])}
            ),
        },
    )
)
def test_what_training_accepts_the_schema_accepts(settings, tones):
    spec = replace(tones.spec, train=settings)
    if check_settings(replace(tones, spec=spec)) == []:
        assert VALIDATOR.is_valid(settings)
