"""What Lightning's Trainer takes."""

import inspect

import pytorch_lightning as pl

from phonograph.training.trainer_arguments import OWNED, trainer_arguments


def test_every_argument_of_the_trainer_is_offered_or_refused_with_a_reason():
    parameters = set(inspect.signature(pl.Trainer.__init__).parameters) - {"self"}
    assert set(trainer_arguments()) | set(OWNED) == parameters
    assert not set(trainer_arguments()) & set(OWNED)
    assert all(OWNED.values())


def test_annotations_are_narrowed_to_what_yaml_can_say():
    known = trainer_arguments()
    assert known["max_steps"] is int
    assert known["accelerator"] is str
    assert known["max_epochs"] == int | None
    assert known["devices"] == list[int] | str | int
    assert known["max_time"] == str | dict[str, int] | None
    assert known["precision"] == int | str | None
    assert known["gradient_clip_val"] == int | float | None
