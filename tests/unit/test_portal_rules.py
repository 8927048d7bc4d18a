"""Permissions, headers, errors and brand, as far as no server is needed."""

import re

import pytest
from werkzeug.exceptions import ImATeapot, NotFound, RequestEntityTooLarge

from app.brand import load_brand, without_govuk_typeface
from app.errors import ERRORS, PAGES, page_for
from app.incomplete import PortalIncomplete
from app.permissions import directory_manager_signed_in, leader_signed_in, permission_of, public
from app.rendering import with_addresses
from app.security import content_security_policy
from ldap_schema.errors import DirectoryUnavailable
from saml import errors as saml_errors
from saml.return_paths import local_path
from store import errors as store_errors


def test_a_public_view_needs_a_reason() -> None:
    with pytest.raises(ValueError, match="reason"):
        public(" ")


def test_a_mark_says_who_may_open_a_view() -> None:
    def view() -> str:
        return ""

    assert permission_of(view) is None
    assert permission_of(leader_signed_in(view)) is not None
    manager = permission_of(directory_manager_signed_in(view))
    assert manager is not None
    assert manager.role == "directory-managers"


def test_the_policy_allows_nothing_inline_and_forms_only_where_said() -> None:
    policy = content_security_policy("https://idp.example")
    assert "form-action 'self' https://idp.example;" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize("code", [400, 403, 404, 405, 413, 429, 500, 503])
def test_every_status_we_answer_with_has_a_page(code: int) -> None:
    assert PAGES[code].status == code


def test_the_most_exact_error_decides_the_page() -> None:
    assert page_for(DirectoryUnavailable("away")).missing == "The directory"
    assert page_for(store_errors.StoreUnavailable("away")).status == 503
    assert page_for(saml_errors.Unavailable("away")).status == 503
    assert page_for(NotFound()).status == 404
    assert page_for(RequestEntityTooLarge()).status == 413
    assert page_for(ImATeapot()).status == 400
    assert page_for(ZeroDivisionError()).status == 500


def test_no_page_for_an_error_promises_what_another_status_says() -> None:
    for kind, page in ERRORS.items():
        assert 400 <= page.status < 600, kind
        assert page.sentences, kind


def test_the_generic_style_sheet_keeps_arial_and_nothing_of_govuks_typeface() -> None:
    styles = "@font-face{font-family:GDS Transport;src:url(x)}a{font-family:GDS Transport,arial,sans-serif}"
    assert without_govuk_typeface(styles) == "a{font-family:arial,sans-serif}"


def test_an_unknown_brand_stops_the_start_with_the_setting_to_mend() -> None:
    with pytest.raises(PortalIncomplete, match="COUNTERPART_PORTAL_BRAND"):
        load_brand("crown")


@pytest.mark.parametrize(
    "wanted", ["https://e.example/", "//e.example", "/\\e.example", "x", "", "/a\nb", "/é", "/" + "a" * 1000]
)
def test_only_a_path_of_ours_is_gone_back_to(wanted: str) -> None:
    assert local_path(wanted) == "/"
    assert local_path("/search?q=a") == "/search?q=a"


@pytest.mark.parametrize(
    ("text", "pressed"),
    [
        ("the IT desk, it-desk@rivers.example.", ["it-desk@rivers.example"]),
        ("a@x.example or b@y.example", ["a@x.example", "b@y.example"]),
        ("020 7946 0100", []),
        ('"<script>alert(1)</script>"@x.example', []),
    ],
)
def test_addresses_in_a_text_can_be_pressed_and_nothing_else_is_markup(text: str, pressed: list[str]) -> None:
    html = with_addresses(text)
    assert re.findall(r'href="mailto:([^"]*)"', html) == pressed
    assert html.striptags() == text
    assert "<script" not in html
