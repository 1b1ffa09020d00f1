import inspect

from phonograph.types.docstring import docstring_of, read_docstring


class Halve:
    """Halve frames (Gulati et al. 2020, 2005.08100), one by one.

    It goes on here,
    over two lines.

    Args:
        stride: frames,
            at least 1.

        width (int, optional): how wide.
    Raises:
        ValueError: a number is out of range.

    >>> Halve.stride
    2

    With more:

    >>> Halve.width
    3
    """

    stride, width = 2, 3


def test_a_docstring_is_read_in_its_parts():
    read = docstring_of(Halve)
    assert read.summary == "Halve frames (Gulati et al. 2020, 2005.08100), one by one."
    assert read.prose == (read.summary, "It goes on here, over two lines.", "With more:")
    assert read.arguments == {"stride": "frames, at least 1.", "width": "how wide."}
    assert read.raises == {"ValueError": "a number is out of range."}
    assert read.examples == (">>> Halve.stride\n2", ">>> Halve.width\n3")
    assert read.papers == ("Gulati et al. 2020, 2005.08100",)


def test_what_has_no_docstring_says_nothing():
    class Silent:
        pass

    read = docstring_of(Silent)
    assert (read.summary, read.arguments, read.examples) == ("", {}, ())


def test_nothing_of_a_docstring_is_lost():
    words = inspect.cleandoc(Halve.__doc__ or "").split()
    read = docstring_of(Halve)
    parts = [*read.prose, *read.arguments.values(), *read.raises.values(), *read.examples]
    told = " ".join(parts).split()
    names = {"Args:", "Raises:", "stride:", "width", "(int,", "optional):", "ValueError:"}
    assert [word for word in words if word not in told] == [w for w in words if w in names]


def test_an_argument_without_words_is_there():
    assert read_docstring("Do.\n\nArgs:\n    a:\n    b: c").arguments == {"a": "", "b": "c"}
