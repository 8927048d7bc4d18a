"""A provider's registration file (TOML), read with words that say which key is wrong and how to mend it."""

import re
import tomllib
from collections.abc import Mapping
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Protocol

from ldap_schema.errors import NotFound
from ldap_schema.organisations import Organisation
from saml import contexts, metadata
from saml.errors import ProviderRefused
from saml.provider import IDENTITY_ATTRIBUTES, SUBJECT_ID, Provider

KEYS = {
    "id": str, "name": str, "metadata": str, "metadata_certificate": str, "organisations": list,
    "domains": list, "shared_domains": list, "scopes": list, "identity_attribute": str,
    "mail_attribute": str, "max_minutes": int, "max_sign_in_hours": int, "contact": str,
    "contexts": list, "ask_contexts": bool, "max_session_hours": int,
}  # fmt: skip
_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{1,62}")
_SCOPE = re.compile(r"[a-z0-9][a-z0-9.-]{0,126}")
_URI = re.compile(r"(?:https?://|urn:)[\x21-\x7e]{1,400}")
_ID = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")


class OrganisationFinder(Protocol):
    """What is needed of the directory's organisations."""

    def find(self, reference: str) -> Organisation | None:
        """The organisation of that id, code or name."""


def read(path: Path, organisations: OrganisationFinder, now: datetime) -> Provider:
    """Read a registration and the metadata it names; the provider is a draft. Raises ProviderRefused."""
    data = _table(path)
    described = metadata.read(_metadata(data, path), now, _signer(data, path))
    return Provider(
        id=_matching(data, "id", _ID, "small letters, digits and hyphens"),
        name=_text(data, "name"),
        entity_id=described.entity_id,
        sso_url=described.sso_url,
        slo_url=described.slo_url,
        certificates=described.certificates,
        domains=_list(data, "domains", _DOMAIN),
        shared_domains=_list(data, "shared_domains", _DOMAIN),
        scopes=_list(data, "scopes", _SCOPE),
        organisations=_organisations(data, organisations),
        identity_attribute=_identity(data),
        mail_attribute=str(data.get("mail_attribute", "mail")),
        max_minutes=_number(data, "max_minutes", 90, 5, 720),
        max_sign_in_hours=_number(data, "max_sign_in_hours", 168, 1, 2160),
        contexts=_contexts(data),
        ask_contexts=bool(data.get("ask_contexts", False)),
        max_session_hours=_number(data, "max_session_hours", 0, 0, 24),
        contact=_text(data, "contact"),
    )


def _table(path: Path) -> dict[str, Any]:
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ProviderRefused(f"{path}: {error.strerror or 'can not be read'}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ProviderRefused(f"{path} is not TOML: {error}.") from error
    for key, value in data.items():
        if key not in KEYS:
            close = get_close_matches(key, KEYS, n=1)
            raise ProviderRefused(
                f"{path}: there is no key {key!r}." + (f" Did you mean {close[0]!r}?" if close else "")
            )
        if type(value) is not KEYS[key]:
            raise ProviderRefused(f"{path}: {key} must be a {KEYS[key].__name__}.")
    return data


def _text(data: Mapping[str, Any], key: str) -> str:
    value = str(data.get(key, "")).strip()
    if not value or len(value) > 300 or not value.isprintable():
        raise ProviderRefused(f"The registration needs {key}: one line of text.")
    return value


def _matching(data: Mapping[str, Any], key: str, pattern: re.Pattern[str], words: str) -> str:
    value = _text(data, key)
    if not pattern.fullmatch(value):
        raise ProviderRefused(f"{key} may hold only {words}.")
    return value


def _list(data: Mapping[str, Any], key: str, pattern: re.Pattern[str]) -> tuple[str, ...]:
    values = tuple(dict.fromkeys(str(value).strip().lower() for value in data.get(key, [])))
    for value in values:
        if not pattern.fullmatch(value):
            raise ProviderRefused(f"{key}: {value!r} is not a name like example.gov.uk in plain ASCII.")
    return values


def _number(data: Mapping[str, Any], key: str, default: int, least: int, most: int) -> int:
    value = int(data.get(key, default))
    if not least <= value <= most:
        raise ProviderRefused(f"{key} must be between {least} and {most}.")
    return value


def _identity(data: Mapping[str, Any]) -> str:
    value = str(data.get("identity_attribute", SUBJECT_ID))
    if value not in IDENTITY_ATTRIBUTES:
        raise ProviderRefused(
            f"identity_attribute must be one of {', '.join(IDENTITY_ATTRIBUTES)}; mail is never one."
        )
    return value


def _contexts(data: Mapping[str, Any]) -> tuple[str, ...]:
    names = [str(value).strip() for value in data.get("contexts", [])]
    for uri in contexts.expanded(names):
        if not _URI.fullmatch(uri):
            short = ", ".join(repr(name) for name in contexts.SHORT_NAMES)
            raise ProviderRefused(f"contexts: {uri!r} is neither {short} nor the URI of a context.")
    return contexts.expanded(names)


def _organisations(data: Mapping[str, Any], finder: OrganisationFinder) -> tuple[str, ...]:
    references = [str(value) for value in data.get("organisations", [])]
    if not references:
        raise ProviderRefused(
            "The registration lists no organisations, so nobody could sign in through the provider."
        )
    found = []
    for reference in references:
        try:
            organisation = finder.find(reference)
        except NotFound:
            organisation = None
        if organisation is None:
            raise ProviderRefused(
                f"The directory knows no organisation {reference!r}. Use its id, code or name."
            )
        found.append(organisation.id)
    return tuple(dict.fromkeys(found))


def _metadata(data: Mapping[str, Any], path: Path) -> bytes:
    source = _text(data, "metadata")
    if "://" in source:
        return metadata.fetch(source)
    return _file(path.parent / source)


def _signer(data: Mapping[str, Any], path: Path) -> str:
    name = data.get("metadata_certificate")
    return _file(path.parent / str(name)).decode("ascii", "replace") if name else ""


def _file(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(metadata.MAX_METADATA + 1)
    except OSError as error:
        raise ProviderRefused(f"{path}: {error.strerror or 'can not be read'}.") from error
