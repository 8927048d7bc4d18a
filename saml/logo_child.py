"""Draws a stranger's logo anew as a small PNG; run by `sandbox` in a process of its own.

stdin is the picture, stdout the PNG: pixels only, without names, profiles, comments or anything else that
came with it. Whatever is no plain picture of a sane size ends this process, which is the answer.
"""

import io
import sys

from PIL import Image

LARGEST = 256 * 1024  # bytes that come in
MOST_PIXELS = 4_000_000  # of what comes in, each four bytes once drawn
WIDTH, HEIGHT = 240, 96  # pixels that go out: twice what a page shows
FORMATS = ("PNG", "JPEG", "GIF", "WEBP")  # no SVG: it is a program, and its fonts and links lead elsewhere


def main() -> None:
    """Read from stdin and write to stdout."""
    sys.stdout.buffer.write(drawn(sys.stdin.buffer.read(LARGEST + 1)))


def drawn(data: bytes) -> bytes:
    """The first frame, made smaller, with nothing but its pixels. Raises ValueError, OSError."""
    if len(data) > LARGEST:
        raise ValueError("larger than any logo")
    with Image.open(io.BytesIO(data), formats=FORMATS) as picture:
        if not 0 < picture.width * picture.height <= MOST_PIXELS:  # known before anything is unpacked
            raise ValueError("too many pixels")
        pixels = picture.convert("RGBA")
    pixels.thumbnail((WIDTH, HEIGHT))
    alone = Image.new("RGBA", pixels.size)
    alone.paste(pixels)
    into = io.BytesIO()
    alone.save(into, "PNG", optimize=True)
    return into.getvalue()


if __name__ == "__main__":
    main()
