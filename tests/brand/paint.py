"""Pictures to upload."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from PIL import Image
from PIL.PngImagePlugin import PngInfo

SECRET = b"taken in Ada's garden"


def painted(kind: str, size: tuple[int, int] = (800, 400)) -> bytes:
    """Return a red picture as a file of *kind* that also carries SECRET, where it can."""
    out = BytesIO()
    words: dict[str, Any] = {}
    if kind == "PNG":
        words["pnginfo"] = PngInfo()
        words["pnginfo"].add_text("Comment", SECRET.decode())
    elif kind in ("JPEG", "WEBP"):
        exif = Image.Exif()
        exif[0x010E] = SECRET.decode()
        words["exif"] = exif
    elif kind == "GIF":
        words["comment"] = SECRET
    Image.new("RGB", size, (210, 20, 20)).save(out, kind, **words)
    return out.getvalue()
