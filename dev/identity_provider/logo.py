"""Invented logos for the demonstration's organisations: their initials on a coloured field."""

import base64
import hashlib
import io

from PIL import Image, ImageDraw, ImageFont

SIZE = (160, 80)  # pixels
SMALL_WORDS = ("and", "for", "of", "the")


def logo(name: str) -> str:
    """A logo as metadata can carry it, in a data: address."""
    red, green, blue = (each // 2 for each in hashlib.sha256(name.encode()).digest()[:3])
    picture = Image.new("RGB", SIZE, (red, green, blue))
    initials = "".join(word[0] for word in name.split() if word.lower() not in SMALL_WORDS)[:3]
    middle = (SIZE[0] // 2, SIZE[1] // 2)
    ImageDraw.Draw(picture).text(middle, initials, "white", ImageFont.load_default(48), anchor="mm")
    into = io.BytesIO()
    picture.save(into, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(into.getvalue()).decode("ascii")
