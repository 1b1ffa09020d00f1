import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonograph.training.budget import Budget
from phonograph.training.training_time import Measured, estimate_time

HUNDRED = Measured(batches=100, epoch_seconds=20.0, validation_seconds=1.0, prefix_seconds=5.0)


def test_epochs_and_validations_are_added_up():
    found = estimate_time(HUNDRED, Budget(epochs=10), {"check_val_every_n_epoch": 5})
    assert (found.steps, found.validations, found.ends_by) == (1000, 2, "max_epochs")
    assert found.seconds == 5 + 10 * 20 + 2


def test_the_first_limit_ends_the_training():
    assert estimate_time(HUNDRED, Budget(epochs=10, steps=250), {}).ends_by == "max_steps"
    found = estimate_time(HUNDRED, Budget(epochs=10, seconds=60.0), {"check_val_every_n_epoch": 1})
    assert (found.ends_by, found.seconds) == ("max_time", 65.0)
    assert found.epochs == pytest.approx(60 / 21)


def test_several_batches_may_make_one_step():
    found = estimate_time(HUNDRED, Budget(epochs=1), {"accumulate_grad_batches": 3})
    assert (found.steps_per_epoch, found.steps) == (34, 34)


@pytest.mark.parametrize(("limit", "batches"), [(10, 10), (0.5, 50), (500, 100), (1.0, 100)])
def test_a_limit_of_batches_makes_an_epoch_shorter(limit, batches):
    found = estimate_time(HUNDRED, Budget(epochs=1), {"limit_train_batches": limit})
    assert found.steps == batches
    assert found.epoch_seconds == pytest.approx(20 * batches / 100)


@pytest.mark.parametrize(
    ("trainer", "validations"),
    [
        ({"val_check_interval": 0.25}, 40),
        ({"val_check_interval": 50}, 20),
        ({"check_val_every_n_epoch": 4}, 3),
        ({}, 10),  # a second for twenty: after every epoch
    ],
    ids=str,
)
def test_validations_come_as_the_trainer_is_told(trainer, validations):
    assert estimate_time(HUNDRED, Budget(epochs=10), trainer).validations == validations


def test_short_epochs_are_validated_less_often():
    short = Measured(batches=10, epoch_seconds=1.0, validation_seconds=1.0)
    assert estimate_time(short, Budget(epochs=90), {}).validations == 10


def test_without_validation_there_is_none():
    found = estimate_time(Measured(batches=10, epoch_seconds=2.0), Budget(steps=5), {})
    assert (found.validations, found.seconds, found.epochs) == (0, 1.0, 0.5)


@given(
    batches=st.integers(1, 50),
    epoch=st.floats(0.01, 100),
    epochs=st.integers(1, 50),
    steps=st.integers(1, 500),
)
def test_a_further_limit_never_makes_it_longer(batches, epoch, epochs, steps):
    measured = Measured(batches=batches, epoch_seconds=epoch)
    both = estimate_time(measured, Budget(epochs=epochs, steps=steps), {})
    assert both.seconds <= estimate_time(measured, Budget(epochs=epochs), {}).seconds + 1e-9
    assert both.steps <= steps
