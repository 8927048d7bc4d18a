"""What a signed message must say: meant for us, about our request, by the provider we asked, and now.

Every comparison is exact and everything is required to be there; absence is how checks were got round
elsewhere.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from lxml import etree

from saml.assertion import Assertion, NameID
from saml.attributes import attributes, targeted_id, whole_text
from saml.encryption import Decryption, opened
from saml.errors import BadAssertion, ClocksDiffer, Expired, SignInTooOld
from saml.provider import TARGETED_ID, Provider
from saml.verify import Verified
from saml.xml import SAML, Unreadable, instant, is_ncname, q

BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
ENTITY = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity"
UNSPECIFIED = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
NOT_BEARER = "the subject does not have a bearer confirmation"
MOST_STATEMENTS = 10  # of a kind; real assertions have one, or two where a second factor was asked for
LONGEST_INDEX = 1024
_CONDITIONS = frozenset(q(SAML, name) for name in ("AudienceRestriction", "OneTimeUse", "ProxyRestriction"))


@dataclass(frozen=True, slots=True)
class Expected:
    """What the message must match. All of it comes from our settings and the stored request, none from the
    message."""

    provider: Provider
    request_id: str
    entity_id: str
    acs_url: str
    now: datetime
    skew: timedelta
    decryption: Decryption
    asked: datetime | None = None  # when we made the request, if that is known


def check(verified: Verified, expected: Expected) -> Assertion:
    """Judge a verified Response. Raises BadAssertion, ClocksDiffer where the provider's clock or ours is
    wrong, or Expired where the person only took too long."""
    try:
        _response(verified.response, expected)
        return _assertion(verified.assertion, expected)
    except SignInTooOld:
        raise
    except Expired as error:
        if _answered_before(verified.assertion, expected):
            raise ClocksDiffer(f"{error}: it was written before we asked", expected.provider.id) from error
        raise
    except Unreadable as error:
        raise BadAssertion(str(error), expected.provider.id) from error


def _answered_before(assertion: etree._Element, expected: Expected) -> bool:
    """Whether what answers our request bears an earlier time than the request: a clock that is behind."""
    try:
        issued = instant(assertion.get("IssueInstant"))
    except Unreadable:
        return False
    return expected.asked is not None and issued < expected.asked - expected.skew


def _refuse_unless(fact: bool, reason: str, expected: Expected) -> None:
    if not fact:
        raise BadAssertion(reason, expected.provider.id)


def _response(node: etree._Element, expected: Expected) -> None:
    """The envelope. It may be unsigned, so nothing is learnt from it, but a wrong one is a sign of
    forgery."""
    _refuse_unless(node.get("Version") == "2.0", "the Response is not SAML 2.0", expected)
    _refuse_unless(
        node.get("Destination") == expected.acs_url, "the Destination is not our ACS address", expected
    )
    _refuse_unless(
        node.get("InResponseTo") == expected.request_id, "the Response answers another request", expected
    )
    _fresh(node.get("IssueInstant"), "the Response", expected)
    issuers = node.findall(q(SAML, "Issuer"))
    _refuse_unless(len(issuers) <= 1, "the Response has several issuers", expected)
    for issuer in issuers:
        _issuer(issuer, expected)


def _issuer(node: etree._Element, expected: Expected) -> None:
    _refuse_unless(node.get("Format") in (None, ENTITY), "the Issuer's format is not entity", expected)
    _refuse_unless(
        whole_text(node) == expected.provider.entity_id, "the Issuer is not the provider we asked", expected
    )


def _fresh(text: str | None, what: str, expected: Expected) -> None:
    """Issued neither in the future nor longer ago than the provider's longest validity."""
    moment = instant(text)
    if moment > expected.now + expected.skew:
        raise ClocksDiffer(f"{what} was issued in the future; compare the clocks", expected.provider.id)
    if moment < expected.now - expected.skew - timedelta(minutes=expected.provider.max_minutes):
        raise Expired(f"{what} was issued too long ago", expected.provider.id)


def _only(node: etree._Element, name: str, expected: Expected) -> etree._Element:
    found = node.findall(q(SAML, name))
    _refuse_unless(len(found) == 1, f"the assertion does not have exactly one {name}", expected)
    return found[0]


def _assertion(node: etree._Element, expected: Expected) -> Assertion:
    identifier = str(node.get("ID") or "")
    _refuse_unless(
        node.tag == q(SAML, "Assertion") and is_ncname(identifier), "the assertion has no ID", expected
    )
    _refuse_unless(node.get("Version") == "2.0", "the assertion is not SAML 2.0", expected)
    _fresh(node.get("IssueInstant"), "the assertion", expected)
    _issuer(_only(node, "Issuer", expected), expected)
    subject = _only(node, "Subject", expected)
    confirmed_until = _confirmation(subject, expected)
    valid_until = _conditions(
        _only(node, "Conditions", expected), instant(node.get("IssueInstant")), expected
    )
    statements = node.findall(q(SAML, "AuthnStatement"))
    _refuse_unless(bool(statements), "the assertion has no AuthnStatement", expected)
    return Assertion(
        id=identifier,
        name_id=_name_id(subject, expected),
        session_index=_session_index(statements),
        authenticated_at=_authenticated(statements, expected),
        ends_at=max(confirmed_until, valid_until),
        contexts=tuple(filter(None, map(_context, statements))),
        attributes=attributes(node, _refusal(expected)),
        session_ends_at=_session_end(statements),
        targeted_id=_targeted_id(node, expected),
    )


def _refusal(expected: Expected) -> Callable[[str], BadAssertion]:
    return lambda reason: BadAssertion(reason, expected.provider.id)


def _confirmation(subject: etree._Element, expected: Expected) -> datetime:
    """The bearer confirmation: it is what ties the signed assertion to our request and our address. One that
    holds is enough (Core 2.4.1, Profiles 4.1.4.2); those of other methods say nothing to us."""
    confirmations = subject.findall(q(SAML, "SubjectConfirmation"))
    bearers = [one for one in confirmations if one.get("Method") == BEARER]
    _refuse_unless(0 < len(bearers) and len(confirmations) <= MOST_STATEMENTS, NOT_BEARER, expected)
    return _bearer(max(bearers, key=lambda one: _is_ours(one, expected)), expected)


def _is_ours(confirmation: etree._Element, expected: Expected) -> bool:
    """Whether it names our address and our request; of several the one that does is judged."""
    data = confirmation.find(q(SAML, "SubjectConfirmationData"))
    ours = (expected.acs_url, expected.request_id)
    return data is not None and (data.get("Recipient"), data.get("InResponseTo")) == ours


def _bearer(confirmation: etree._Element, expected: Expected) -> datetime:
    data = _only(confirmation, "SubjectConfirmationData", expected)
    _refuse_unless(
        data.get("Recipient") == expected.acs_url, "the Recipient is not our ACS address", expected
    )
    _refuse_unless(
        data.get("InResponseTo") == expected.request_id,
        "the signed confirmation answers another request or none",
        expected,
    )
    if data.get("NotBefore") is not None:
        _begun(instant(data.get("NotBefore")), expected)
    return _not_over(instant(data.get("NotOnOrAfter")), expected.now, "the confirmation", expected)


def _begun(moment: datetime, expected: Expected) -> None:
    if moment > expected.now + expected.skew:
        raise ClocksDiffer("the assertion is not valid yet; compare the clocks", expected.provider.id)


def _not_over(end: datetime, start: datetime, what: str, expected: Expected) -> datetime:
    """`end` is ahead, but not further from `start` than the provider's cap."""
    if end <= expected.now - expected.skew:
        raise Expired(f"{what} is over; compare the clocks", expected.provider.id)
    cap = timedelta(minutes=expected.provider.max_minutes)
    _refuse_unless(
        end - start <= cap + expected.skew,
        f"{what} is valid for longer than {cap} (max_minutes of its registration)",
        expected,
    )
    return end


def _conditions(node: etree._Element, issued: datetime, expected: Expected) -> datetime:
    _refuse_unless(
        all(child.tag in _CONDITIONS for child in node), "the assertion has an unknown condition", expected
    )
    start = issued
    if node.get("NotBefore") is not None:
        start = instant(node.get("NotBefore"))
        _begun(start, expected)
    restrictions = node.findall(q(SAML, "AudienceRestriction"))
    _refuse_unless(bool(restrictions), "the assertion names no audience", expected)
    for restriction in restrictions:
        audiences = [whole_text(audience) for audience in restriction.findall(q(SAML, "Audience"))]
        _refuse_unless(
            expected.entity_id in audiences, "the assertion is meant for another audience", expected
        )
    return _not_over(instant(node.get("NotOnOrAfter")), start, "the assertion", expected)


def _authenticated(statements: Sequence[etree._Element], expected: Expected) -> datetime:
    """When the person signed in at the provider; with several statements, when they last did."""
    _refuse_unless(len(statements) <= MOST_STATEMENTS, "the assertion has too many statements", expected)
    moments = [instant(statement.get("AuthnInstant")) for statement in statements]
    latest = expected.now + expected.skew
    if any(moment > latest for moment in moments):
        raise ClocksDiffer("the sign-in happened in the future; compare the clocks", expected.provider.id)
    oldest = expected.now - expected.skew - timedelta(hours=expected.provider.max_sign_in_hours)
    if max(moments) < oldest:
        raise SignInTooOld("the person signed in at the provider too long ago", expected.provider.id)
    ends = _session_end(statements)
    if ends is not None and ends <= expected.now - expected.skew:
        raise SignInTooOld("the session at the provider is over", expected.provider.id)
    return max(moments)


def _session_end(statements: Sequence[etree._Element]) -> datetime | None:
    """When the first of the provider's sessions ends, if it says so."""
    ends = [statement.get("SessionNotOnOrAfter") for statement in statements]
    return min((instant(one) for one in ends if one is not None), default=None)


def _session_index(statements: Sequence[etree._Element]) -> str:
    """The session's name at the provider; empty, so that any logout of the person ends it, where there are
    several or where it is too long to be kept."""
    names = {str(statement.get("SessionIndex") or "") for statement in statements}
    name = names.pop()
    return "" if names or len(name) > LONGEST_INDEX else name


def _context(statement: etree._Element) -> str:
    node = statement.find(f"{q(SAML, 'AuthnContext')}/{q(SAML, 'AuthnContextClassRef')}")
    return whole_text(node) if node is not None else ""


def _name_id(subject: etree._Element, expected: Expected) -> NameID | None:
    """The NameID, if there is one; its qualifiers, if present, must be the provider's and ours."""
    names = (q(SAML, "NameID"), q(SAML, "EncryptedID"))
    _refuse_unless(
        all(child.tag in (*names, q(SAML, "SubjectConfirmation")) for child in subject),
        "the subject is named in a way we don't read", expected,
    )  # fmt: skip
    found = list(subject.iterchildren(*names))
    _refuse_unless(len(found) <= 1, "the subject has several names", expected)
    if not found:
        return None
    name = name_in_clear(found[0], expected.decryption)
    return read_name_id(name, expected.provider.entity_id, expected.entity_id)


def name_in_clear(node: etree._Element, decryption: Decryption) -> etree._Element:
    """The NameID itself, decrypted if it came as an EncryptedID in a message whose signature was verified.
    Raises BadAssertion."""
    name = opened(node, decryption)[0] if node.tag == q(SAML, "EncryptedID") else node
    if name.tag != q(SAML, "NameID"):
        raise BadAssertion("the name is not a NameID")
    return name


def _targeted_id(node: etree._Element, expected: Expected) -> NameID | None:
    """Read only where people are known by it: elsewhere an odd one is no reason to refuse anybody."""
    provider = expected.provider
    if TARGETED_ID not in (provider.identity_attribute, provider.next_identity_attribute):
        return None
    return read_name_id(targeted_id(node), provider.entity_id, expected.entity_id)


def read_name_id(node: etree._Element, provider_entity: str, our_entity: str) -> NameID:
    """A NameID with its qualifiers filled in. Raises BadAssertion when they name somebody else."""
    qualifier = str(node.get("NameQualifier") or provider_entity)
    sp_qualifier = str(node.get("SPNameQualifier") or our_entity)
    value = whole_text(node)
    if qualifier != provider_entity or sp_qualifier != our_entity:
        raise BadAssertion("the NameID belongs to another provider or service", spoken_of=qualifier)
    if not 0 < len(value) <= 256 or not value.isprintable():
        raise BadAssertion("the NameID is empty, too long or unprintable")
    omitted = tuple(name for name in ("Format", "NameQualifier", "SPNameQualifier") if not node.get(name))
    return NameID(value, str(node.get("Format") or UNSPECIFIED), qualifier, sp_qualifier, omitted)
