"""What is uploaded is drawn anew: nothing of the file stays, and no file can hurt."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO

import pytest
from PIL import Image

from portal.errors import PictureError
from portal.images import redraw
from tests.brand.paint import SECRET, painted

FRAME = (480, 160)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_a_picture_comes_out_as_a_png_without_what_its_file_carried(kind: str) -> None:
    data = painted(kind) + b"<script>alert(1)</script>PK\x03\x04" + SECRET
    assert SECRET in data
    drawn = redraw(data, *FRAME)
    assert drawn.body.startswith(b"\x89PNG\r\n")
    assert SECRET not in drawn.body
    assert b"<script>" not in drawn.body
    assert b"PK\x03\x04" not in drawn.body
    with Image.open(BytesIO(drawn.body)) as image:
        assert image.size == (drawn.width, drawn.height) == (320, 160)
        red, green, blue, opaque = image.convert("RGBA").getpixel((20, 80))  # type: ignore[misc]
        assert red > 180
        assert max(green, blue) < 60
        assert opaque == 255
        assert not image.getexif()
        assert set(image.info) <= {"transparency"}
    chunks = {name for name in (b"tEXt", b"iTXt", b"zTXt", b"eXIf", b"iCCP") if name in drawn.body}
    assert not chunks


def test_a_small_picture_is_not_blown_up_and_a_favicon_is_made_square() -> None:
    small = painted("PNG", (30, 10))
    assert redraw(small, *FRAME)[1:] == (30, 10)
    assert redraw(small, 96, 96, is_square=True)[1:] == (96, 96)


def test_a_photograph_taken_sideways_stands_upright() -> None:
    out = BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (100, 50), "red").save(out, "JPEG", exif=exif)
    assert redraw(out.getvalue(), *FRAME)[1:] == (50, 100)


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def bomb(width: int, height: int) -> bytes:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0))
    body = chunk(b"IDAT", zlib.compress(b"\0" * 100_000))
    return b"\x89PNG\r\n\x1a\n" + head + body + chunk(b"IEND", b"")


BAD = {
    "nothing": (b"", "first"),
    "an SVG": (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', "SVG"),
    "an SVG without its head": (b"\n <SVG onload=alert(1)>", "SVG"),
    "a page": (b"<!doctype html><script>alert(1)</script>", "scripts"),
    "a bomb": (bomb(60_000, 60_000), "too many"),
    "a larger bomb": (bomb(2**31 - 1, 2**31 - 1), "too many"),
    "a lie": (bomb(1000, 1000), "cannot be read"),
    "half a picture": (painted("PNG")[:200], "cannot be read"),
    "words": (b"hello", "cannot be read"),
    "a bitmap": (painted("BMP", (90, 90)), "cannot be read"),
    "a TIFF": (painted("TIFF", (90, 90)), "cannot be read"),
    "too much": (painted("PNG") + b"\0" * 900_001, "too large"),
}


@pytest.mark.parametrize(("data", "word"), BAD.values(), ids=BAD)
def test_what_cannot_be_shown_is_refused_with_a_clear_word(data: bytes, word: str) -> None:
    with pytest.raises(PictureError, match=word):
        redraw(data, *FRAME)
