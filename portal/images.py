"""Pictures that staff upload: read within bounds and drawn anew; no byte of theirs stays."""

from __future__ import annotations

from io import BytesIO
from typing import NamedTuple

from PIL import Image, ImageOps

from portal.errors import PictureError
from portal.languages import _, mark

MOST_BYTES = 900_000
MOST_PIXELS = 12_000_000
"""48 MB while it is drawn: a file of a few bytes can claim billions."""
_FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
_TOO_MANY = mark(
    "This picture has too many pixels. Make it at most 3,000 wide and high, and upload that."
)


class Picture(NamedTuple):
    """A picture as we drew it: a PNG of *width* by *height* pixels."""

    body: bytes
    width: int
    height: int


def redraw(data: bytes, width: int, height: int, *, is_square: bool = False) -> Picture:
    """Return what *data* shows, as a new PNG within *width* by *height* pixels.

    Only colours come over: no metadata, no colour profile, no second frame, and nothing that
    stands behind the picture in its file. With *is_square* the rest of the frame is transparent.
    Raises PictureError, which says what to upload instead.
    """
    _refuse_early(data)
    try:
        with Image.open(BytesIO(data), formats=_FORMATS) as opened:
            _refuse_bombs(opened)
            opened.draft("RGB", (width * 2, height * 2))
            turned = ImageOps.exif_transpose(opened).convert("RGBA")
    except PictureError:
        raise
    except Image.DecompressionBombError:
        raise PictureError(_(_TOO_MANY)) from None
    except Exception:  # a decoder raises anything on a file made to break it
        raise PictureError(
            _(
                "This picture cannot be read. Save it again as a PNG, JPEG, WebP or GIF, and "
                "upload that."
            )
        ) from None
    turned.thumbnail((width, height))
    frame = (width, height) if is_square else turned.size
    place = ((frame[0] - turned.width) // 2, (frame[1] - turned.height) // 2)
    fresh = Image.new("RGBA", frame)
    fresh.paste(Image.frombytes("RGBA", turned.size, turned.tobytes()), place)
    out = BytesIO()
    fresh.save(out, "PNG", optimize=True)
    return Picture(out.getvalue(), *frame)


def _refuse_early(data: bytes) -> None:
    if not data:
        raise PictureError(_("Choose a PNG, JPEG, WebP or GIF first."))
    if len(data) > MOST_BYTES:
        raise PictureError(_("This file is too large. Upload one of at most 900 KB."))
    head = data[:1000].lower()
    if b"<svg" in head or head.lstrip(b"\xef\xbb\xbf \r\n\t").startswith((b"<?xml", b"<!doctype")):
        raise PictureError(
            _(
                "An SVG can carry scripts, so it is not taken. Save the picture as a PNG, 960 "
                "pixels wide, and upload that."
            )
        )


def _refuse_bombs(opened: Image.Image) -> None:
    if opened.width * opened.height > MOST_PIXELS:
        raise PictureError(_(_TOO_MANY))
