"""A provider's registration file (TOML), read with words that say which key is wrong and how to mend it."""

import re
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Protocol

from ldap_schema.errors import NotFound
from ldap_schema.organisations import Organisation
from saml import contexts
from saml.certificates import pem_certificates
from saml.fetch import pin_bytes
from saml.provider import IDENTITY_ATTRIBUTES, SUBJECT_ID, Provider
from saml.renewal import renewed
from saml.source import ACCEPT, FILE, HOLD, PASTE, QUERY, URL, Obtained, Source, believe, obtain, read_file
from saml.toml_file import TOMLFile

KEYS = {
    "id": str, "name": str, "metadata": str, "metadata_query": str, "metadata_certificate": str,
    "metadata_tls_authority": str, "metadata_tls_pin": str, "new_keys": str, "entity_id": str,
    "organisations": list, "domains": list, "shared_domains": list, "scopes": list,
    "scopes_from_metadata": bool, "identity_attribute": str, "mail_attribute": str, "contexts": list,
    "ask_contexts": bool, "max_minutes": int, "max_sign_in_hours": int, "max_session_hours": int,
    "contact": str, "alert_mail": list,
}  # fmt: skip
_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{1,62}")
_SCOPE = re.compile(r"[a-z0-9][a-z0-9.-]{0,126}")
_URI = re.compile(r"(?:https?://|urn:)[\x21-\x7e]{1,400}")
_ID = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
_MAIL = re.compile(r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@" + _DOMAIN.pattern)
_A_DOMAIN = "a name like example.gov.uk in plain ASCII"


class OrganisationFinder(Protocol):
    """What is needed of the directory's organisations."""

    def find(self, reference: str) -> Organisation | None:
        """The organisation of that id, code or name."""


@dataclass(frozen=True, slots=True)
class Registration:
    """A provider as its file describes it, a draft, and the metadata document that belongs to it."""

    provider: Provider
    obtained: Obtained


def read(
    path: Path,
    organisations: OrganisationFinder,
    now: datetime,
    *,
    pasted: bytes | None = None,
    private_hosts: tuple[str, ...] = (),
) -> Registration:
    """Read a registration and the metadata it names, or what was `pasted` in its place. Raises
    ProviderRefused."""
    file = TOMLFile(path, KEYS)
    provider = _provider(file, organisations)  # what is wrong here is said before anything is fetched
    source = _source(file, pasted is not None)
    if pasted is not None:
        obtained = believe(pasted, source, now)
    elif source.refreshed:
        obtained = obtain(source, now, private_hosts)
    else:
        obtained = believe(read_file(file.beside("metadata"), source.most), source, now)
    provider = renewed(replace(provider, source=source), obtained.described, now)
    if file.flag("scopes_from_metadata"):
        if not source.of_many or provider.scopes:
            raise file.refused(
                "scopes_from_metadata is for metadata that a federation signs (entity_id and "
                "metadata_certificate), and instead of scopes: nobody vouches for his own."
            )
        provider = replace(provider, scopes=obtained.described.scopes)
    return Registration(provider, obtained)


def _provider(file: TOMLFile, organisations: OrganisationFinder) -> Provider:
    return Provider(
        id=file.matching("id", _ID, "small letters, digits and hyphens"),
        name=file.text("name")[:300],
        entity_id="",
        sso_url="",
        domains=file.names("domains", _DOMAIN, _A_DOMAIN),
        shared_domains=file.names("shared_domains", _DOMAIN, _A_DOMAIN),
        scopes=file.names("scopes", _SCOPE, _A_DOMAIN),
        organisations=_organisations(file, organisations),
        identity_attribute=file.choice(
            "identity_attribute", SUBJECT_ID, IDENTITY_ATTRIBUTES, "; mail is never one"
        ),
        mail_attribute=file.text("mail_attribute", "mail"),
        contexts=_contexts(file),
        ask_contexts=file.flag("ask_contexts"),
        max_minutes=file.number("max_minutes", 90, 5, 1440),
        max_sign_in_hours=file.number("max_sign_in_hours", 168, 1, 2160),
        max_session_hours=file.number("max_session_hours", 0, 0, 24),
        contact=file.text("contact")[:300],
        alert_mail=file.names("alert_mail", _MAIL, "a mail address"),
    )


def _contexts(file: TOMLFile) -> tuple[str, ...]:
    uris = contexts.expanded(file.texts("contexts"))
    for uri in uris:
        if not _URI.fullmatch(uri):
            short = ", ".join(repr(name) for name in contexts.SHORT_NAMES)
            raise file.refused(f"contexts: {uri!r} is neither {short} nor the URI of a context.")
    return uris


def _organisations(file: TOMLFile, finder: OrganisationFinder) -> tuple[str, ...]:
    references = file.texts("organisations")
    if not references:
        raise file.refused("organisations: it lists no organisations, so nobody could sign in through it.")
    return tuple(dict.fromkeys(_organisation(file, finder, reference) for reference in references))


def _organisation(file: TOMLFile, finder: OrganisationFinder, reference: str) -> str:
    try:
        found = finder.find(reference)
    except NotFound:
        found = None
    if found is None:
        raise file.refused(
            f"organisations: the directory knows no organisation {reference!r}. Use its id, code or name."
        )
    return found.id


def _source(file: TOMLFile, pasted: bool) -> Source:
    if not pasted and file.has("metadata") == file.has("metadata_query"):
        raise file.refused("the registration needs metadata (an address or a file) or metadata_query.")
    location = file.text("metadata_query" if file.has("metadata_query") else "metadata", "")
    kind = QUERY if file.has("metadata_query") else URL if "://" in location else FILE
    if kind == QUERY and not (file.has("entity_id") and file.has("metadata_certificate")):
        raise file.refused("metadata_query needs entity_id and metadata_certificate as well.")
    pin = file.text("metadata_tls_pin", "")
    if pin:
        pin_bytes(pin)
    return Source(
        kind=PASTE if pasted else kind,
        location="" if pasted else location,
        entity_id=file.text("entity_id", ""),
        signers=_pem(file, "metadata_certificate"),
        authority="".join(_pem(file, "metadata_tls_authority")),
        pin=pin,
        new_keys=file.choice("new_keys", "", ("", ACCEPT, HOLD)),
    )


def _pem(file: TOMLFile, key: str) -> tuple[str, ...]:
    if not file.has(key):
        return ()
    path = file.beside(key)
    found = pem_certificates(read_file(path).decode("ascii", "replace"))
    if not found:
        raise file.refused(f"{key}: {path} holds no certificate in PEM.")
    return found
