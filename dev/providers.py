"""The demonstration's identity providers: their process, and their registration with the portal."""

import hashlib
import sys
from datetime import UTC, datetime
from pathlib import Path

from counterpart.settings import Settings, load
from dev.commands import Commands
from dev.identity_provider.demo import write_demo
from dev.personas import Persona, personas
from dev.processes import Process
from dev.servers import ROOT
from dev.settings import HouseSettings
from saml.keys import load_keys
from saml.our_metadata import service_metadata
from saml.registry import Registry
from store.database import Store


class IdentityProviders:
    """Several providers in one process under one port, each with its own key, path and people."""

    def __init__(self, settings: HouseSettings) -> None:
        self._settings = settings
        self._folder = settings.var / "identity-providers"
        config = self._folder / "identity-providers.toml"
        self.process = Process(
            "identity providers",
            [sys.executable, "-m", "dev.identity_provider", "--config", config],
            settings.var / "log",
            ports={settings.idp_port: "COUNTERPART_IDP_PORT"},
            working_folder=ROOT,
        )

    def everybody(self) -> list[Persona]:
        """Return one persona per address: who claims another's is only on the provider's page."""
        first: dict[str, Persona] = {}
        for people in personas().values():
            for persona in people:
                first.setdefault(persona.mail, persona)
        return list(first.values())

    def furnish(self, commands: Commands) -> None:
        """Write keys, metadata and registrations; register with the portal what is new or has changed."""
        settings = load({}, self._settings.settings_file)
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        described = self._folder / "counterpart.xml"
        described.write_bytes(service_metadata(settings.saml, load_keys(settings.saml)))
        now = datetime.now(UTC)
        written = write_demo(self._folder, self._settings.idp_port, described, personas(), now)
        registered = _registered(settings)
        digests = {path: _digest(path, path.with_suffix(".xml")) for path in written.registrations}
        new = [
            path
            for path, digest in digests.items()
            if path.stem not in registered or _content(_stamp(path)) != digest
        ]
        commands.run(*(("idp", "add", path, "--live") for path in new))
        for path in new:
            _stamp(path).write_text(digests[path])


def _stamp(registration: Path) -> Path:
    """Return the file that remembers which version of a registration the portal was given."""
    return registration.with_suffix(".registered")


def _content(file: Path) -> str:
    return file.read_text() if file.exists() else ""


def _registered(settings: Settings) -> set[str]:
    """Return the ids that the portal knows; its database may be younger than our stamps."""
    store = Store.open(settings.store)
    try:
        return {provider.id for provider in Registry(store).all()}
    finally:
        store.close()


def _digest(*files: Path) -> str:
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()
