"""Signing in and out through other people's products, by the portal's own pages and the command line."""

import base64
import re

import pytest
from lxml import etree

from saml.xml import DS, SAML, q
from tests.functional.visitor import Answer
from tests.interop.departments import Counterpart, Department, follow, is_in, path
from tests.interop.products.product import Product

pytestmark = pytest.mark.third_party

BOTH = ("assertion", "response")


def message(page: Answer) -> etree._Element:
    """The Response that the product's page is about to send us."""
    return etree.fromstring(base64.b64decode(page.form("SAMLResponse").fields["SAMLResponse"]))


def test_a_product_is_checked_tried_and_opened_from_its_own_metadata(
    counterpart: Counterpart, product: Product
) -> None:
    department = Department(counterpart, product)
    counterpart.installed.run("idp", "suspend", product.slug)
    product.behave()
    product.take_metadata(counterpart.metadata())

    checked = counterpart.command("idp", "check", department.describe()).out
    assert "Nothing keeps it from going live" in checked
    counterpart.command("idp", "add", department.describe())
    tried = counterpart.command("idp", "test", product.slug).out
    address = re.search(r"^\s*(http://127\.0\.0\.1:\S+)$", tried, re.MULTILINE)
    assert address is not None, tried
    visitor = department.visitor()
    captured = product.log_in(visitor, visitor.get(address[1]), "ada").form("SAMLResponse").fields
    (department.folder / "answer.txt").write_text(captured["SAMLResponse"])
    told = counterpart.command("idp", "test", product.slug, "--response", "answer.txt").out
    assert re.search(r"It would (link|sign) \S+ ", told), told
    counterpart.command("idp", "live", product.slug)
    assert is_in(department.signed_in())


@pytest.mark.parametrize("encrypts", [False, True], ids=["clear", "encrypted"])
@pytest.mark.parametrize("signs", [("assertion",), ("response",), BOTH], ids="-".join)
def test_somebody_signs_in_to_where_they_were_going(
    department: Department, signs: tuple[str, ...], encrypts: bool
) -> None:
    department.product.behave(signs=signs, encrypts=encrypts)
    visitor = department.visitor()

    page = department.answered(visitor, start="/sign-in?next=/organisations")
    sent = message(page)
    assert (sent.find(q(SAML, "EncryptedAssertion")) is not None) == encrypts
    assert (sent.find(q(DS, "Signature")) is not None) == ("response" in signs)
    if not encrypts:
        inner = sent.find(f"{q(SAML, 'Assertion')}/{q(DS, 'Signature')}")
        expected = "assertion" in signs or department.product.always_signs_assertions
        assert (inner is not None) == expected
    arrived = visitor.submit(page, "SAMLResponse")
    assert path(arrived) == "/organisations", department.counterpart.reason(arrived)
    assert is_in(visitor)


@pytest.mark.parametrize("post", [False, True], ids=["redirect", "post"])
def test_signing_out_with_us_ends_the_session_there_too(department: Department, post: bool) -> None:
    department.register(post=post)
    visitor = department.signed_in()

    page = visitor.submit(visitor.get("/sign-out"), "where", where="organisation")
    done = follow(visitor, page)

    assert path(done) == "/sign-out/done?there=all", done.text
    assert not is_in(visitor)
    asked = department.ask(visitor)
    assert "SAMLResponse" not in asked.text, "the product would let the person in without asking"


@pytest.mark.parametrize("post", [False, True], ids=["redirect", "post"])
def test_signing_out_at_the_product_ends_the_session_here(department: Department, post: bool) -> None:
    department.register(post=post)
    visitor, elsewhere = department.signed_in(), department.signed_in()

    done = follow(visitor, department.product.log_out(visitor))

    assert done.url.startswith(department.product.origin), done.url
    assert done.status == 200, done.text
    assert not is_in(visitor)
    # In another browser the same person has another session, here and there.
    assert is_in(elsewhere) == department.product.names_sessions
