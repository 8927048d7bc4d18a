"""Writes all that the demonstration's providers need: keys, the server's configuration, and their
registrations."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from dev.identity_provider import messages
from dev.identity_provider.config import IdentityProvider

DAYS = 3650


class PersonaLike(Protocol):
    """What is used of a persona."""

    @property
    def name(self) -> str:
        """How the person is listed on the page."""

    @property
    def mail(self) -> str:
        """The address that the provider asserts, whether or not it should."""

    @property
    def subject_id(self) -> str:
        """The stable key that the provider asserts."""

    @property
    def note(self) -> str:
        """Who that is, shown below the name."""


@dataclass(frozen=True, slots=True)
class DemoProvider:
    """One of the demonstration's providers and what it is registered for."""

    id: str
    name: str
    organisation: str  # code
    domain: str
    contact: str
    encrypts: bool = False


DEMO_PROVIDERS = (
    DemoProvider(
        "rivers", "Department for Rivers and Coasts", "demo:rivers-and-coasts", "rivers-and-coasts.example",
        "the IT desk, it-desk@rivers-and-coasts.example",
    ),
    DemoProvider(
        "northmere", "Northmere Constabulary", "demo:northmere-constabulary", "northmere.police.example",
        "the IT desk, it-desk@northmere.police.example", encrypts=True,
    ),
    DemoProvider(
        "centre", "Office for Public Leadership", "demo:public-leadership", "leadership.example",
        "the directory desk, directory@leadership.example",
    ),
    DemoProvider(
        "hollowbrook", "Hollowbrook Council", "demo:hollowbrook-council", "hollowbrook.example",
        "the service desk, service-desk@hollowbrook.example",
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Written:
    """What was written: the server's configuration, and one registration per provider for `idp add`."""

    config: Path
    registrations: tuple[Path, ...]


def write_demo(
    folder: Path,
    port: int,
    service_metadata: Path,
    personas: Mapping[str, Sequence[PersonaLike]],
    now: datetime,
    host: str = "127.0.0.1",
) -> Written:
    """Write everything into the folder; keys that are there already are kept, so that restarts change
    nothing."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [
        f"host = {_toml(host)}",
        f"port = {port}",
        f"service_metadata = {_toml(str(service_metadata.absolute()))}",
    ]
    registrations = []
    for demo in DEMO_PROVIDERS:
        ensure_key(folder / f"{demo.id}.key", folder / f"{demo.id}.crt", demo.name, now)
        lines += ["", "[[provider]]", f"id = {_toml(demo.id)}", f"name = {_toml(demo.name)}"]
        lines += [f'key = "{demo.id}.key"', f'certificate = "{demo.id}.crt"']
        lines += [f"encrypts = {str(demo.encrypts).lower()}"]
        lines += [line for persona in personas.get(demo.id, ()) for line in _identity(persona)]
        registrations.append(_registration(folder, demo, f"http://{host}:{port}"))
    config = folder / "identity-providers.toml"
    config.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return Written(config, tuple(registrations))


def _identity(persona: PersonaLike) -> list[str]:
    pairs = {
        "name": persona.name,
        "mail": persona.mail,
        "subject_id": persona.subject_id,
        "note": persona.note,
    }
    return ["", "[[provider.identity]]", *(f"{key} = {_toml(value)}" for key, value in pairs.items())]


def _registration(folder: Path, demo: DemoProvider, origin: str) -> Path:
    certificate = (folder / f"{demo.id}.crt").read_text()
    provider = IdentityProvider(demo.id, demo.name, origin, "", certificate)
    (folder / f"{demo.id}.xml").write_bytes(messages.metadata(provider))
    path = folder / f"{demo.id}.toml"
    path.write_text(
        f"id = {_toml(demo.id)}\nname = {_toml(demo.name)}\nmetadata = {_toml(demo.id + '.xml')}\n"
        f"organisations = [{_toml(demo.organisation)}]\ndomains = [{_toml(demo.domain)}]\n"
        f'identity_attribute = "subject-id"\ncontact = {_toml(demo.contact)}\n',
        encoding="utf-8",
    )
    return path


def _toml(text: str) -> str:
    """A TOML basic string."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def ensure_key(key_file: Path, certificate_file: Path, common_name: str, now: datetime) -> None:
    """Make an RSA key and a self-signed certificate, unless both are there."""
    if key_file.exists() and certificate_file.exists():
        return
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name[:64])])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=DAYS))
        .sign(key, hashes.SHA256())
    )
    key_file.parent.mkdir(parents=True, exist_ok=True)
    plain = serialization.NoEncryption()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    key_file.unlink(missing_ok=True)
    with os.fdopen(os.open(key_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(pem)
    certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
