"""Numbers between 0 and 1 as a small picture inside of a page: the larger, the less transparent."""

from __future__ import annotations

import base64
import struct
import zlib
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SHADES = 16
_BLUE = (84, 124, 230)
"""It can be seen on white and on black."""


def heat_image(values: NDArray[np.floating], columns: int = 600) -> str:
    """Paint a matrix, one pixel a number, in 16 shades.

    Args:
        values: numbers, cut off at 0 and 1, [rows, columns]; at least one.
        columns: of the picture, at most; where there are more numbers, the largest of some
            neighbours is painted.

    Returns:
        `data:image/png;base64,...`

    >>> heat_image(np.zeros((2, 3)))[:22]
    'data:image/png;base64,'
    """
    starts = np.linspace(0, values.shape[1], min(columns, values.shape[1]), endpoint=False)
    finite = np.nan_to_num(np.maximum.reduceat(values, starts.astype(int), axis=1), posinf=1.0)
    shades = np.rint(np.clip(finite, 0, 1) * (_SHADES - 1)).astype(np.uint8)
    height, width = shades.shape
    if width % 2:
        shades = np.pad(shades, ((0, 0), (0, 1)))
    # each line of a PNG begins with its filter, here none, and has two pixels in a byte
    lines = np.pad(shades[:, ::2] << 4 | shades[:, 1::2], ((0, 0), (1, 0)))
    opacity = bytes(255 * shade // (_SHADES - 1) for shade in range(_SHADES))
    parts = (
        (b"IHDR", struct.pack(">2I5B", width, height, 4, 3, 0, 0, 0)),
        (b"PLTE", bytes(_BLUE) * _SHADES),
        (b"tRNS", opacity),
        (b"IDAT", zlib.compress(lines.tobytes(), 9)),
        (b"IEND", b""),
    )
    content = b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*part) for part in parts)
    return f"data:image/png;base64,{base64.b64encode(content).decode('ascii')}"


def _chunk(name: bytes, content: bytes) -> bytes:
    check = zlib.crc32(name + content)
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", check)
