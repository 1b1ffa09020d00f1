"""Vocabularies are told apart by their tokens, not by their size."""

from phonograph.types.vocabulary import Vocabulary


def of(alphabet):
    return Vocabulary.of(len(alphabet), {"type": "characters", "alphabet": alphabet})


def test_alphabets_of_equal_size_are_different():
    assert of("abc") != of("abd")


def test_the_order_of_tokens_matters():
    assert of("abc") != of("cba")


def test_the_same_description_is_the_same_vocabulary():
    assert of("abc") == of("abc")
    assert hash(of("abc")) == hash(of("abc"))


def test_the_order_of_keys_does_not_matter():
    first = Vocabulary.of(1, {"type": "characters", "alphabet": "a"})
    assert first == Vocabulary.of(1, {"alphabet": "a", "type": "characters"})


def test_a_description_without_a_type_can_be_printed():
    assert "1 tokens, ?" in str(Vocabulary.of(1, {}))
