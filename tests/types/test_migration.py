"""What leads from one version of a module to the next."""

import pytest

from phonograph.types.migration import Migration, refuse_both

STEP = Migration(
    parameters={"filters": "n_mels", "a": "b", "b": "a"},
    weights={"proj": "linear", "proj.old": None, "norm": "layers.0.norm", "gone": None},
    settings=lambda given: {**given, "hop": given.get("hop", 10) / 1000},
)


def test_parameters_get_their_new_names_and_values():
    assert STEP.renamed({"filters": 80, "hop": 20}) == {"n_mels": 80, "hop": 0.02}
    assert STEP.renamed({"a": 1, "b": 2}) == {"b": 1, "a": 2, "hop": 0.01}


def test_what_is_given_does_not_change():
    given = {"filters": 80}
    STEP.renamed(given)
    assert given == {"filters": 80}


def test_without_changes_everything_stays():
    assert Migration().renamed({"x": 1}) == {"x": 1}
    assert Migration().weight("a.b") == "a.b"


def test_an_old_and_a_new_name_together_are_refused():
    with pytest.raises(ValueError, match=r"^both `filters` and its newer name `n_mels` are given$"):
        STEP.renamed({"filters": 80, "n_mels": 64})
    refuse_both({"a": "b", "b": "a"}, {"a", "b"})


@pytest.mark.parametrize("value", ["???", None, [1]])
def test_settings_that_cannot_be_turned_into_new_ones_are_refused(value):
    with pytest.raises(ValueError, match=r"^its settings cannot be read: TypeError"):
        STEP.renamed({"hop": value})


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("proj.weight", "linear.weight"),
        ("proj", "linear"),
        ("projection.weight", "projection.weight"),
        ("proj.old.weight", None),
        ("proj.older", "linear.older"),
        ("norm.bias", "layers.0.norm.bias"),
        ("gone", None),
        ("a.proj.weight", "a.proj.weight"),
    ],
)
def test_weights_are_renamed_by_the_longest_start_that_fits(old, new):
    assert STEP.weight(old) == new
