"""What the demonstration provider is told: its providers, who one can be at each, and whom it serves."""

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from lxml import etree

MD = "urn:oasis:names:tc:SAML:2.0:metadata"
DS = "http://www.w3.org/2000/09/xmldsig#"
USUAL_ORIGIN = "http://127.0.0.1:5001"


class ConfigUnusable(ValueError):
    """The configuration or the service's metadata can't be read; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody whom a provider vouches for."""

    name: str
    mail: str
    subject_id: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class IdentityProvider:
    """One provider: its address is `<origin>/<id>/…`."""

    id: str
    name: str
    origin: str  # http://127.0.0.1:5001
    key: str  # PEM
    certificate: str  # PEM
    identities: tuple[Identity, ...] = ()
    encrypts: bool = False

    @property
    def entity_id(self) -> str:
        """Its name in messages: its usual address, wherever the port is, as a name can't change."""
        return f"{USUAL_ORIGIN}/{self.id}/metadata"

    @property
    def sso_url(self) -> str:
        """Where it takes AuthnRequests."""
        return f"{self.origin}/{self.id}/sso"

    @property
    def slo_url(self) -> str:
        """Where it takes logout messages, and offers to sign out."""
        return f"{self.origin}/{self.id}/slo"


@dataclass(frozen=True, slots=True)
class Service:
    """The service provider as its metadata describes it."""

    entity_id: str
    acs_url: str
    slo_url: str
    certificates: tuple[str, ...]  # PEM; any of them may have signed
    encryption: str = ""  # PEM; the first that its metadata offers


@dataclass(frozen=True, slots=True)
class Config:
    """Everything that the server needs."""

    host: str
    port: int
    service: Service  # as its metadata described it at the start
    providers: tuple[IdentityProvider, ...]
    service_file: Path | None = None  # where that metadata is, to be read again when it was replaced

    def service_today(self) -> Service:
        """The service by its newest metadata, as a provider knows it that is given its address. Raises
        ConfigUnusable."""
        file = self.service_file
        return _read_file(file, file.stat().st_mtime_ns) if file else self.service


def load(path: Path) -> Config:
    """Read a configuration file and what it names, relative to it. Raises ConfigUnusable."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        host, port = str(data["host"]), int(data["port"])
        origin = f"http://{host}:{port}"
        providers = tuple(
            IdentityProvider(
                entry["id"],
                entry["name"],
                origin,
                (path.parent / entry["key"]).read_text(encoding="ascii"),
                (path.parent / entry["certificate"]).read_text(encoding="ascii"),
                tuple(Identity(**one) for one in entry["identity"]),
                bool(entry.get("encrypts", False)),
            )
            for entry in data["provider"]
        )
        described = path.parent / data["service_metadata"]
        return Config(host, port, read_service(described.read_bytes()), providers, described)
    except OSError as error:
        raise ConfigUnusable(f"{error.filename}: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        raise ConfigUnusable(
            f"{path} is not a configuration of the demonstration provider: {error}."
        ) from error


@lru_cache(maxsize=2)
def _read_file(file: Path, changed: int) -> Service:
    return read_service(file.read_bytes())


def read_service(metadata: bytes) -> Service:
    """Read a service provider's metadata. Raises ConfigUnusable."""
    try:
        root = etree.fromstring(metadata, etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError as error:
        raise ConfigUnusable("The service's metadata is not XML.") from error
    role = root.find(f"{{{MD}}}SPSSODescriptor")
    acs = None if role is None else role.find(f"{{{MD}}}AssertionConsumerService")
    slo = None if role is None else role.find(f"{{{MD}}}SingleLogoutService")
    if role is None or acs is None or slo is None:
        raise ConfigUnusable("The service's metadata has no SPSSODescriptor with its two addresses.")
    signing, encryption = _certificates(role, "signing"), _certificates(role, "encryption")
    return Service(
        str(root.get("entityID")), str(acs.get("Location")), str(slo.get("Location")), signing,
        encryption[0] if encryption else "",
    )  # fmt: skip


def _certificates(role: etree._Element, use: str) -> tuple[str, ...]:
    """The certificates for that use, or for any."""
    keys = [key for key in role.iter(f"{{{MD}}}KeyDescriptor") if key.get("use", use) == use]
    nodes = [node for key in keys for node in key.iter(f"{{{DS}}}X509Certificate")]
    bodies = ["".join(str(node.text).split()) for node in nodes]
    return tuple(f"-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n" for body in bodies)
