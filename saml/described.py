"""What an EntityDescriptor says of one identity provider, as far as we use it."""

import unicodedata
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from lxml import etree

from outbound import fetch as outbound
from saml.certificates import acceptable
from saml.errors import ProviderRefused
from saml.xml import DS, MD, SAML, SAMLP, instant, q

REDIRECT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
POST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
SHIBMD = "urn:mace:shibboleth:metadata:1.0"
MDUI = "urn:oasis:names:tc:SAML:metadata:ui"
MDATTR = "urn:oasis:names:tc:SAML:metadata:attribute"
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
ASSURANCE = "urn:oasis:names:tc:SAML:attribute:assurance-certification"
CATEGORIES = ("http://macedir.org/entity-category", "http://macedir.org/entity-category-support")
MOST_CERTIFICATES = 20  # a provider in the middle of a rollover has two or three
MOST_VALUES = 50  # of any list that is read
LONGEST = 200  # characters of a name or keyword
LONGEST_LOGO = 100_000  # characters of a logo that stands in the metadata itself
_INVISIBLE = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderMetadata:
    """What we take from a provider's metadata. Values are strangers' words: clean, short, and never HTML."""

    entity_id: str
    sso_url: str  # HTTP-Redirect; empty if it has HTTP-POST alone
    sso_post_url: str = ""
    slo_url: str = ""
    slo_post_url: str = ""
    slo_response_url: str = ""  # where answers go over HTTP-Redirect; empty = slo_url
    certificates: tuple[str, ...] = ()  # PEM, for signing or for no stated use
    valid_until: datetime | None = None
    cache_seconds: int | None = None
    name_id_formats: tuple[str, ...] = ()
    wants_signed_requests: bool = False
    names: dict[str, str] = field(default_factory=dict)  # language, such as en or cy, to mdui:DisplayName
    keywords: tuple[str, ...] = ()  # further words to find it by, of all languages
    privacy_url: str = ""
    logo: str = ""  # https: or data: address of the one nearest to what we show
    scopes: tuple[str, ...] = ()  # shibmd:Scope; only a third party's signature makes them true
    assurance: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()  # what was left out, each as a sentence


def describe(root: etree._Element, now: datetime) -> ProviderMetadata:
    """Read one EntityDescriptor. Raises ProviderRefused where people could not sign in through it."""
    if root.tag != q(MD, "EntityDescriptor"):
        raise ProviderRefused(
            "The metadata does not start with an EntityDescriptor. If it is a federation's file of many, "
            "give entity_id and metadata_certificate in the registration."
        )
    role = _role(root)
    until = _valid_until(root, role, now)
    entity_id = str(root.get("entityID", ""))
    if (
        not 0 < len(entity_id) <= 1024
        or not entity_id.isascii()
        or not entity_id.isprintable()
        or " " in entity_id
    ):
        raise ProviderRefused("The metadata has no usable entityID.")
    certificates, problems = _certificates(role, now)
    sso, sso_post = (
        _location(role, "SingleSignOnService", REDIRECT),
        _location(role, "SingleSignOnService", POST),
    )
    if not sso and not sso_post:
        raise ProviderRefused(
            "The provider offers no SingleSignOnService with the HTTP-Redirect or the HTTP-POST binding."
        )
    extensions = [node for each in (root, role) for node in each.findall(q(MD, "Extensions"))]
    return ProviderMetadata(
        entity_id=entity_id, sso_url=sso, sso_post_url=sso_post,
        slo_url=_location(role, "SingleLogoutService", REDIRECT),
        slo_post_url=_location(role, "SingleLogoutService", POST),
        slo_response_url=_location(role, "SingleLogoutService", REDIRECT, "ResponseLocation"),
        certificates=certificates, valid_until=until, cache_seconds=_cache_seconds(root, role),
        name_id_formats=_texts(role.findall(q(MD, "NameIDFormat"))),
        wants_signed_requests=role.get("WantAuthnRequestsSigned") in ("true", "1"),
        scopes=_scopes(extensions), problems=problems, **_attributes(extensions), **_shown(extensions),
    )  # fmt: skip


def _role(root: etree._Element) -> etree._Element:
    roles = [
        role for role in root.findall(q(MD, "IDPSSODescriptor"))
        if SAMLP in str(role.get("protocolSupportEnumeration", "")).split()
    ]  # fmt: skip
    if len(roles) != 1:
        raise ProviderRefused("The metadata does not describe exactly one SAML 2.0 identity provider.")
    return roles[0]


def _valid_until(root: etree._Element, role: etree._Element, now: datetime) -> datetime | None:
    until = [instant(str(node.get("validUntil"))) for node in (root, role) if node.get("validUntil")]
    if until and min(until) <= now:
        raise ProviderRefused(
            f"The metadata was valid until {min(until):%d %B %Y %H:%M} UTC. Ask the provider for a new file."
        )
    return min(until) if until else None


def _cache_seconds(root: etree._Element, role: etree._Element) -> int | None:
    """The shortest cacheDuration. One that we can't read says nothing; it is a wish and decides no trust."""
    found = [
        duration_seconds(str(node.get("cacheDuration"))) for node in (root, role) if node.get("cacheDuration")
    ]
    return min((seconds for seconds in found if seconds is not None), default=None)


def duration_seconds(text: str) -> int | None:
    """An xs:duration such as P1DT6H in seconds (a month has 30 days, a year 365); None for anything else."""
    day, _, time = text.partition("T")
    seconds = 0
    for part, units in ((day.removeprefix("P"), {"Y": 31_536_000, "M": 2_592_000, "D": 86_400}),
                        (time, {"H": 3600, "M": 60, "S": 1})):  # fmt: skip
        number = ""
        for letter in part:
            if letter.isascii() and (letter.isdecimal() or letter == ".") and len(number) < 9:
                number += letter
            elif letter in units and number.replace(".", "", 1).isdecimal():
                seconds += int(float(number) * units[letter])
                number = ""
            else:
                return None
        if number:
            return None
    return seconds if text.startswith("P") and len(text) > 2 else None


def _location(role: etree._Element, service: str, binding: str, attribute: str = "Location") -> str:
    for node in role.findall(q(MD, service)):
        if node.get("Binding") == binding and node.get(attribute):
            return checked_url(str(node.get(attribute, "")))
    return ""


def checked_url(url: str) -> str:
    """An address that browsers may be sent to: HTTPS, except on this very machine. Raises ProviderRefused."""
    try:
        return outbound.checked_url(url)
    except outbound.FetchFailed as error:
        raise ProviderRefused("An address in the metadata is not plain https://.") from error


def _certificates(role: etree._Element, now: datetime) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Those we may believe, and why others were left out. A key that says no use may sign."""
    nodes = [
        node for key in role.findall(q(MD, "KeyDescriptor")) if key.get("use", "signing") == "signing"
        for node in key.iter(q(DS, "X509Certificate"))
    ]  # fmt: skip
    if len(nodes) > MOST_CERTIFICATES:
        raise ProviderRefused(
            f"The metadata has {len(nodes)} signing certificates; more than {MOST_CERTIFICATES} are refused."
        )
    good: list[str] = []
    problems: list[str] = []
    for node in nodes:
        try:
            good.append(acceptable(str(node.text or ""), now))
        except ProviderRefused as error:
            problems.append(str(error))
    if not good:
        raise ProviderRefused(" ".join(["The metadata has no usable signing certificate.", *problems]))
    return tuple(dict.fromkeys(good)), tuple(dict.fromkeys(problems))


def _clean(text: str | None) -> str:
    """Strangers' words on one line, without what nobody sees; empty if they are too long to be a name."""
    words = "".join(
        " " if letter.isspace() else letter
        for letter in text or ""
        if letter.isspace() or unicodedata.category(letter) not in _INVISIBLE
    )
    line = " ".join(words.split())
    return line if len(line) <= LONGEST else ""


def _texts(nodes: list[etree._Element]) -> tuple[str, ...]:
    found = (_clean(node.text) for node in nodes[:MOST_VALUES])
    return tuple(dict.fromkeys(text for text in found if text))


def _scopes(extensions: list[etree._Element]) -> tuple[str, ...]:
    nodes = [node for each in extensions for node in each.findall(q(SHIBMD, "Scope"))]
    return tuple(
        scope.lower() for scope in _texts([n for n in nodes if n.get("regexp") not in ("true", "1")])
    )


def _attributes(extensions: list[etree._Element]) -> dict[str, Any]:
    found: dict[str, list[etree._Element]] = {}
    for node in (
        one for each in extensions for one in each.iterfind(f".//{q(MDATTR, 'EntityAttributes')}/*")
    ):
        if node.tag == q(SAML, "Attribute"):
            found.setdefault(str(node.get("Name")), []).extend(node.findall(q(SAML, "AttributeValue")))
    categories = [node for name in CATEGORIES for node in found.get(name, [])]
    return {"assurance": _texts(found.get(ASSURANCE, [])), "categories": _texts(categories)}


def _shown(extensions: list[etree._Element]) -> dict[str, Any]:
    """Names, keywords, privacy notice and logo of mdui:UIInfo (SAML V2.0 Metadata Extensions for Login)."""
    infos = [node for each in extensions for node in each.findall(q(MDUI, "UIInfo"))]
    parts = [node for info in infos for node in info][: MOST_VALUES * 4]
    names = {
        str(node.get(XML_LANG, "en"))[:10].lower(): _clean(node.text)
        for node in parts if node.tag == q(MDUI, "DisplayName")
    }  # fmt: skip
    words = [
        word for node in parts if node.tag == q(MDUI, "Keywords") for word in str(node.text or "").split()
    ]
    keywords = dict.fromkeys(_clean(word.replace("+", " ")) for word in words[:MOST_VALUES])
    privacy = [node for node in parts if node.tag == q(MDUI, "PrivacyStatementURL")]
    logos = [node for node in parts if node.tag == q(MDUI, "Logo")]
    return {
        "names": {language: name for language, name in names.items() if name},
        "keywords": tuple(word for word in keywords if word),
        "privacy_url": next(filter(None, (_web(str(node.text or "")) for node in privacy)), ""),
        "logo": _best_logo(logos),
    }  # fmt: skip


def _web(address: str) -> str:
    """The address if it is one that a page may lead to, or nothing."""
    address = address.strip()
    try:
        return checked_url(address) if address.startswith("https://") else ""
    except ProviderRefused:
        return ""


def _best_logo(nodes: list[etree._Element]) -> str:
    """The address of the logo whose height is nearest to the 96 pixels we keep."""
    usable = []
    for node in nodes[:MOST_VALUES]:
        text = str(node.text or "").strip()
        inside = text.startswith("data:image/") and len(text) <= LONGEST_LOGO
        address = text if inside else _web(text)
        height = str(node.get("height", ""))
        if address:
            usable.append((abs(int(height) - 96) if height.isdecimal() and len(height) < 5 else 999, address))
    return min(usable, default=(0, ""))[1]
