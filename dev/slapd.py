"""A private OpenLDAP server; see `dev/servers.py` for all of them."""

import os
import secrets
import shutil
from datetime import UTC, datetime
from pathlib import Path

from dev.certificates import ensure_certificate, write_secret
from dev.processes import Process, find_program, free_port, listening, socket_path
from dev.slapd_files import SlapdFiles, local_uri
from ldap_schema.configure import ACCOUNTS, ConfigInput, config_ldif, peer_identity
from ldap_schema.replication import Provider
from ldap_schema.settings import DirectorySettings

SUFFIX = "dc=leaders,dc=gov,dc=uk"
APPARMOR_PROFILE = Path("/etc/apparmor.d/usr.sbin.slapd")


class Slapd(Process):
    """A private OpenLDAP server with our schema, rules and base tree, and no people.

    `folder` keeps everything: configuration (made anew from the code when that changed), data, certificate
    and the generated passwords of the service accounts in `secrets/`. Ports 0 are chosen freely.
    Writes are taken at the socket alone, so `settings()` names it, unless `network_writes` is asked for.
    Without `durable`, writes survive a crash of slapd but not of the machine, and are several times faster.
    A server that is given a `provider` is its replica: it shares the provider's secrets and certificate, and
    is filled with a copy of its entries before its first start.
    """

    def __init__(
        self,
        folder: Path,
        *,
        ldap_port: int = 0,
        ldaps_port: int = 0,
        suffix: str = SUFFIX,
        secrets_folder: Path | None = None,
        tls_folder: Path | None = None,
        durable: bool = True,
        log_level: str = "none",
        provider: "Slapd | None" = None,
        max_size: int = 1 << 30,  # bytes the database may grow to
        network_writes: bool = False,  # whether more than the socket takes writes
    ) -> None:
        folder = folder.absolute()
        self.provider = provider
        self.ldap_port = ldap_port or free_port()
        self.ldaps_port = ldaps_port or free_port()
        self.suffix = suffix
        self.secrets: Path = (secrets_folder or folder / "secrets").absolute()
        if provider is not None:
            self.secrets = provider.secrets
        self._tls = provider.ca_file.parent if provider else (tls_folder or folder / "tls").absolute()
        self.config = folder / "config"
        self.data = folder / "data"
        self.socket = socket_path(folder, "ldapi")
        self._durable = durable
        self._log_level = log_level
        self._max_size = max_size
        self._network_writes = network_writes
        super().__init__(
            "slapd",
            (),
            folder,
            ports={self.ldap_port: "COUNTERPART_LDAP_PORT", self.ldaps_port: "COUNTERPART_LDAPS_PORT"},
            ready=lambda: listening(self.ldap_port),  # it opens all at once; a bare TLS probe would be logged
        )

    @property
    def uri(self) -> str:
        """Where it answers with StartTLS."""
        return f"ldap://localhost:{self.ldap_port}"

    @property
    def ldaps_uri(self) -> str:
        """Where it answers with TLS from the start."""
        return f"ldaps://localhost:{self.ldaps_port}"

    @property
    def ca_file(self) -> Path:
        """The authority to trust."""
        return self._tls / "ca.pem"

    @property
    def socket_uri(self) -> str:
        """The unix socket at which the account that runs it may do everything, without a password."""
        return local_uri(self.socket)

    @property
    def admin_dn(self) -> str:
        """Who one is at `socket_uri`; for tests and repair, never for the product."""
        return peer_identity(os.getuid(), os.getgid())

    def settings(self) -> DirectorySettings:
        """Return what the gateway needs to speak to this server."""
        return DirectorySettings(
            uri=self.uri if self._network_writes else self.socket_uri,
            suffix=self.suffix,
            ca_file=self.ca_file,
            portal_password_file=self.secrets / "directory-portal",
            sync_password_file=self.secrets / "directory-sync",
            index_password_file=self.secrets / "directory-index",
            scim_password_file=self.secrets / "directory-scim",
            server_program=private_program(Path("/usr/sbin/slapd"), self.folder, APPARMOR_PROFILE),
            server_config=self.config,
        )

    def _prepare(self) -> None:
        program = private_program(find_program("slapd", package="slapd"), self.folder, APPARMOR_PROFILE)
        self._fill_folder(program)
        self.socket.unlink(missing_ok=True)  # left by a crash
        listeners = f"ldap://127.0.0.1:{self.ldap_port} ldaps://127.0.0.1:{self.ldaps_port} {self.socket_uri}"
        self.command = [program, "-F", self.config, "-h", listeners, "-d", self._log_level]

    def _fill_folder(self, program: Path) -> None:
        """Bring configuration and base tree into the folder, each only when absent, stale or half done."""
        certificate = ensure_certificate(self._tls, datetime.now(UTC))
        passwords = {name: ensure_secret(self.secrets / f"directory-{name}") for name in ACCOUNTS}
        self.data.mkdir(exist_ok=True, mode=0o700)  # slapd refuses a configuration that names no folder
        origin = self.provider
        given = ConfigInput(
            suffix=self.suffix,
            folder=self.folder,
            data=self.data,
            certificate=certificate.certificate_file,
            key=certificate.key_file,
            authority=certificate.ca_file,
            administrator=self.admin_dn,
            durable=self._durable,
            max_size=self._max_size,
            network_writes=self._network_writes,
            provider=_provider(origin, passwords["replica"]),
        )
        text = config_ldif(given)
        files = SlapdFiles(program, self.config, self.data, self.socket)
        files.configure(text)
        if origin is None:
            files.bring_up(self.suffix, passwords, text)
        else:
            files.copy(origin.config, text)


def _provider(origin: Slapd | None, password: str) -> Provider | None:
    return Provider(uri=origin.uri, authority=origin.ca_file, password=password) if origin else None


def private_program(program: Path, folder: Path, profile: Path) -> Path:
    """Return the slapd to run: our own copy where Ubuntu's AppArmor profile confines the original.

    The profile goes by the program's path and lets it touch /var/lib/ldap only; see decision 0060.
    """
    if not profile.exists():
        return program
    copy = folder / "slapd-unconfined"
    if not copy.exists() or copy.stat().st_mtime < program.stat().st_mtime:
        part = copy.with_suffix(".part")
        shutil.copy2(program, part)
        part.replace(copy)
    return copy


def ensure_secret(path: Path, random_bytes: int = 16) -> str:
    """Return the file's secret, made up at first; only its owner can read the file."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_secret(path, secrets.token_urlsafe(random_bytes).encode())
    return path.read_text().strip()
