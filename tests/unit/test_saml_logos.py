"""Providers' logos: drawn anew from plain pictures, refused from everything else, fetched when due."""

import base64
import io
import struct
import zlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from PIL import Image, PngImagePlugin

from saml.errors import ProviderRefused
from saml.fetch import Rules
from saml.logo_child import HEIGHT, LARGEST, WIDTH
from saml.logos import Logos, picture
from saml.provider import SUSPENDED
from store import provider_watch
from store.database import Store
from tests.conftest import SettableClock
from tests.many_providers import many, register
from tests.web_server import WebServer, web_server

RULES = Rules(most=LARGEST, seconds=5)
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script><rect width="9" height="9"/></svg>'


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebServer]:
    with web_server(tmp_path_factory.mktemp("web")) as server:
        yield server


def drawing(form: str, size: tuple[int, int] = (600, 300)) -> bytes:
    into = io.BytesIO()
    Image.new("RGB", size, (31, 58, 95)).save(into, form)
    return into.getvalue()


def inside(data: bytes, kind: str = "png") -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few kilobytes that says how large it is and unpacks to all of it."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    rows = zlib.compress(b"\0" * min(width * height, 50_000_000), 9)
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF", "WEBP"])
def test_a_picture_is_drawn_anew_as_a_small_png(form: str) -> None:
    png = picture(inside(drawing(form)), RULES)

    with Image.open(io.BytesIO(png)) as drawn:
        assert drawn.format == "PNG"
        assert (drawn.width, drawn.height) == (192, HEIGHT)
        assert drawn.width <= WIDTH


def test_nothing_comes_through_but_pixels() -> None:
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Comment", "<script>alert(1)</script>", zip=False)
    into = io.BytesIO()
    Image.new("RGB", (64, 64)).save(into, "PNG", pnginfo=notes, icc_profile=b"profile of somebody")
    hostile = into.getvalue() + b"<script>alert(2)</script>"

    drawn = picture(inside(hostile), RULES)
    assert b"script" not in drawn
    assert b"iCCP" not in drawn
    assert drawn.endswith(b"IEND\xaeB`\x82")


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (SVG, "svg+xml"),
        (SVG, "png"),
        (b"<?xml version='1.0'?>" + SVG, "svg+xml"),
        (b"", "png"),
        (b"\x89PNG\r\n\x1a\n", "png"),
        (drawing("PNG")[:-30], "png"),
        (drawing("BMP", (20, 20)), "bmp"),
        (drawing("TIFF", (20, 20)), "tiff"),
        (b"%PDF-1.4", "png"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "eps"),
        (bomb(60_000, 60_000), "png"),
        (bomb(5000, 5000), "png"),
        (drawing("PNG") + b"\0" * LARGEST, "png"),
    ],
    ids=["svg", "svg called png", "xml", "nothing", "header", "cut off", "bmp", "tiff", "pdf", "eps",
         "huge bomb", "bomb", "too long"],
)  # fmt: skip
def test_everything_else_is_refused(data: bytes, kind: str) -> None:
    with pytest.raises(ProviderRefused):
        picture(inside(data, kind), RULES)


@pytest.mark.parametrize("address", ["data:image/png,plain", "data:image/png;base64,%%%", "data:"])
def test_an_address_that_holds_no_picture_is_refused(address: str) -> None:
    with pytest.raises(ProviderRefused):
        picture(address, RULES)


def test_a_logo_is_fetched_like_metadata_and_never_from_within_our_network(web: WebServer) -> None:
    web.pages["/logo.png"] = drawing("PNG")
    ours = Rules(most=LARGEST, authority=web.authority, private_hosts=("localhost",))
    assert picture(f"{web.address}/logo.png", ours).startswith(b"\x89PNG")
    for rules in (Rules(most=LARGEST, authority=web.authority), replace(ours, most=100)):
        with pytest.raises(ProviderRefused):
            picture(f"{web.address}/logo.png", rules)


def kept(store: Store, id: str) -> tuple[str, bytes]:
    with store.reading() as tx:
        return provider_watch.logo(tx, id)


def test_each_logo_is_drawn_once_until_the_metadata_names_another(store: Store, clock: SettableClock) -> None:
    one, two = many(2)
    register(store, [replace(one, logo=inside(drawing("PNG"))), two])
    logos = Logos(store, clock)

    assert (logos.run_due(), logos.run_due()) == (1, 0)
    first = kept(store, one.id)
    assert first[1].startswith(b"\x89PNG")
    register(store, [replace(one, logo=inside(drawing("GIF", (90, 40))))])
    assert (logos.run_due(), logos.run_due()) == (1, 0)
    assert kept(store, one.id)[1] not in (first[1], b"")
    register(store, [replace(one, logo="")])
    assert logos.run_due() == 1
    assert kept(store, one.id)[1] == b""
    assert logos.run_due() == 0


def test_what_could_not_be_drawn_is_tried_again_a_day_later(store: Store, clock: SettableClock) -> None:
    [one] = many(1)
    register(store, [replace(one, logo=inside(SVG))])
    logos = Logos(store, clock)

    assert (logos.run_due(), logos.run_due()) == (1, 0)
    assert kept(store, one.id)[1] == b""
    clock.now += timedelta(days=1)
    assert logos.run_due() == 1


def test_a_draft_or_suspended_providers_logo_is_left_alone(store: Store, clock: SettableClock) -> None:
    [one] = many(1)
    register(store, [replace(one, logo=inside(drawing("PNG")), state=SUSPENDED)])

    assert Logos(store, clock).run_due() == 0
