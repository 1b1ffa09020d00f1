"""How often to validate."""

from hypothesis import given
from hypothesis import strategies as st

from phonograph.training.pacing import epochs_between

seconds = st.floats(1e-3, 1e4)


@given(seconds, seconds)
def test_validation_takes_at_most_a_tenth_and_not_much_less(validation, epoch):
    epochs = epochs_between(validation, epoch)
    assert validation / (validation + epochs * epoch) <= 0.1 + 1e-9
    if epochs > 1:
        assert validation / (validation + (epochs - 1) * epoch) > 0.1 - 1e-9


def test_no_time_at_all_is_no_trouble():
    assert epochs_between(0.0, 0.0) == 1
