"""A matrix as a picture."""

import base64
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from phonograph.training.pages.heat_image import heat_image

matrices = st.tuples(st.integers(1, 9), st.integers(1, 40)).flatmap(
    lambda shape: arrays(np.float32, shape, elements=st.floats(0, 1, width=32))
)


def opacity_of(address):
    """Read a picture of up to 16 colours, two pixels a byte, and give its opacity in [0, 1]."""
    head, _, content = address.partition(",")
    assert head == "data:image/png;base64"
    data = base64.b64decode(content)
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    chunks, place = {}, 8
    while place < len(data):
        (size,), name = struct.unpack(">I", data[place : place + 4]), data[place + 4 : place + 8]
        body = data[place + 8 : place + 8 + size]
        (check,) = struct.unpack(">I", data[place + 8 + size : place + 12 + size])
        assert check == zlib.crc32(name + body)
        chunks[name], place = body, place + 12 + size
    assert list(chunks) == [b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"]
    width, height, *rest = struct.unpack(">2I5B", chunks[b"IHDR"])
    assert rest == [4, 3, 0, 0, 0]
    lines = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(height, -1)
    assert not lines[:, 0].any()
    pixels = np.stack([lines[:, 1:] >> 4, lines[:, 1:] & 15], axis=2).reshape(height, -1)
    return np.frombuffer(chunks[b"tRNS"], np.uint8)[pixels[:, :width]] / 255


@settings(max_examples=50, deadline=None)
@given(values=matrices)
def test_every_number_is_a_pixel_of_that_opacity(values):
    assert opacity_of(heat_image(values)) == pytest.approx(values, abs=0.5 / 15 + 1e-3)


@settings(max_examples=50, deadline=None)
@given(values=matrices, columns=st.integers(1, 50))
def test_of_many_columns_the_largest_neighbour_is_painted(values, columns):
    shown = opacity_of(heat_image(values, columns))
    assert shown.shape == (len(values), min(columns, values.shape[1]))
    assert shown.max(axis=1) == pytest.approx(values.max(axis=1), abs=0.5 / 15 + 1e-3)


def test_what_is_no_number_and_what_is_out_of_range_is_cut_off():
    values = np.array([[np.nan, -np.inf, -3.0, 3.0, np.inf]])
    assert opacity_of(heat_image(values)).tolist() == [[0, 0, 0, 1, 1]]
