"""A configuration remembers what was read of it; what nobody read is told with its place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonograph.collections.asr.foreign_settings import read_settings
from phonograph.errors import GraphError

KEYS = st.sampled_from("abcde")
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(0, 9), st.sampled_from(["x", "y z"])),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=3)),
    max_leaves=8,
)


def messages(settings) -> list[str]:
    return [fault.message for fault in settings.faults()]


def flow(value) -> str:
    """Write plain data as YAML on one line."""
    match value:
        case dict():
            return "{" + ", ".join(f"{key}: {flow(item)}" for key, item in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(flow, value)) + "]"
        case None | bool():
            return {None: "null", True: "true", False: "false"}[value]
    return f'"{value}"' if isinstance(value, str) else str(value)


def says_something(value) -> bool:
    """Whether there is more than null and empty brackets at the top."""
    return value not in (None, {}, [])


@given(st.dictionaries(KEYS, VALUES, max_size=5))
def test_exactly_what_nobody_read_is_told(data):
    settings = read_settings(flow(data))
    read = sorted(data)[::2]
    for key in read:
        assert settings.value(key) == data[key]
    unread = [f"`{k}` is not supported" for k in data if k not in read and says_something(data[k])]
    assert messages(settings) == unread


@given(st.dictionaries(KEYS, VALUES, max_size=5))
def test_what_is_ignored_is_never_told(data):
    settings = read_settings(flow(data))
    settings.ignore(*settings)
    assert settings.faults() == []


def test_places_are_lines_and_columns_of_the_text_in_its_order():
    text = "encoder:\n  late: 1\n  rows:\n  - {width: 3, depth: 4}\nfirst: {a: 1}\n"
    settings = read_settings(text, "x.yaml")
    for row in settings.section("encoder").sections("rows"):
        assert row.number("width") == 3
    told = [(fault.message, str(fault.place)) for fault in settings.faults()]
    assert told == [
        ("`encoder.late` is not supported", "x.yaml:2:3"),
        ("`encoder.rows.0.depth` is not supported", "x.yaml:4:16"),
        ("`first` is not supported", "x.yaml:5:1"),
    ]


def test_absent_keys_give_the_default():
    settings = read_settings("{}")
    assert settings.value("a", 3) == settings.number("a", 3) == 3
    assert settings.flag("a", default=True) is True
    assert settings.text("a", None) is None
    assert settings.choice("a", {"x": 1}, "x") == 1
    assert settings.section("a").number("b", 0.5) == 0.5
    assert settings.sections("a") == []
    assert messages(settings) == []


def test_null_is_a_value_of_its_own():
    settings = read_settings("{a: null, b: null, c: null, d: null, e: null}")
    assert settings.value("a", 3) is None
    assert settings.flag("b", default=True) is False
    assert settings.number("c", None) is None
    assert settings.choice("d", {"x": 1, None: 2}, "x") == 2
    assert messages(settings) == []
    assert settings.number("e", 1) == 1
    assert messages(settings) == ["`e` is nothing, which is not supported"]


def test_whole_numbers_stay_whole_and_others_do_not():
    settings = read_settings("{a: 3.0, b: 3, c: 2.5}")
    assert repr(settings.number("a", 1)) == repr(settings.number("b")) == "3"
    assert repr(settings.number("b", 1.0)) == "3.0"
    assert settings.number("c", 1.0) == settings.number("c", None) == 2.5


@pytest.mark.parametrize(
    ("read", "told"),
    [
        (lambda s: s.number("flag", 1), "`flag` is true, which is not supported"),
        (lambda s: s.number("half", 1), "`half` is 0.5, which is not supported"),
        (lambda s: s.number("none"), "`none` is missing"),
        (lambda s: s.flag("half", default=True), "`half` is 0.5, which is not supported"),
        (lambda s: s.text("half", "x"), "`half` is 0.5, which is not supported"),
        (lambda s: s.choice("flag", {1: "x"}, 1), "`flag` is true, which is not supported"),
        (lambda s: s.section("half"), "`half` is 0.5, which is not supported"),
        (lambda s: s.sections("half"), "`half` is 0.5, which is not supported"),
        (lambda s: s.sections("list"), "`list` is a list, which is not supported"),
        (lambda s: s.refuse("half", "too small"), "`half`: too small"),
    ],
)
def test_what_does_not_fit_is_told_once_and_gives_something_to_go_on_with(read, told):
    settings = read_settings("{flag: true, half: 0.5, list: [1]}")
    settings.ignore("flag", "half", "list")
    read(settings)
    read(settings)
    assert messages(settings) == [told]
    assert settings.faults()[0].code == "PB031"


def test_the_supported_words_are_listed():
    settings = read_settings("act: swish")
    assert settings.choice("act", {"relu": "relu", None: "none"}, "relu") == "relu"
    assert settings.faults()[0].causes == ("supported: relu, null",)


def test_a_section_is_sound_until_something_in_it_is_reported():
    settings = read_settings("{a: {b: {c: 1}}, d: {e: 1}}")
    first, other = settings.section("a"), settings.section("d")
    assert [section.sound for section in (first, settings, other)] == [True, True, True]
    first.section("b").refuse("c", "no")
    assert [section.sound for section in (first, settings, other)] == [False, False, True]


def test_asking_is_not_reading():
    settings = read_settings("{a: 1}")
    assert "a" in settings
    assert list(settings) == ["a"]
    assert settings.peek("a") == 1
    assert messages(settings) == ["`a` is not supported"]


def test_what_is_no_yaml_is_refused():
    with pytest.raises(GraphError):
        read_settings("a: [1")
    with pytest.raises(GraphError, match="is not allowed"):
        read_settings("a: !!python/object/apply:os.system [true]")


@pytest.mark.parametrize("text", ["", "[1, 2]", "word"])
def test_a_configuration_that_is_no_mapping_has_no_settings(text):
    assert list(read_settings(text)) == []


@pytest.mark.parametrize("number", [".inf", "-.inf", ".nan", "1.0e+300"])
def test_a_number_that_is_none_or_without_end_is_told(number):
    settings = read_settings(f"a: {number}")
    assert settings.number("a", 0.5) == 0.5
    assert len(messages(settings)) == 1


def test_a_list_in_place_of_a_mapping_is_told_and_has_nothing_below():
    settings = read_settings("a: [1]")
    assert settings.section("a").section("b").number("c", 3) == 3
    assert len(messages(settings)) == 1
