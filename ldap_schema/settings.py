"""Settings of the directory gateway."""

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class DirectorySettings:
    """Where the directory is and how services prove who they are."""

    uri: str = field(
        default="ldapi:///",
        metadata={
            "meaning": "The directory server that takes the writes. `ldapi:///` is its socket on this "
            "machine, the only place where a server that mail programs reach takes writes (with a path of "
            "one's own: its slashes as `%2F`); `ldap://` is upgraded with StartTLS before anything is sent; "
            "`ldaps://` is TLS from the start."
        },
    )
    replicas: tuple[str, ...] = field(
        default=(),
        metadata={
            "meaning": "Addresses of the directory's replicas, from which the portal reads while they keep "
            "up; writes go to the directory server itself."
        },
    )
    suffix: str = field(
        default="dc=leaders,dc=gov,dc=uk", metadata={"meaning": "The DN under which the whole tree stands."}
    )
    ca_file: Path = field(
        default=Path("var/tls/ca.pem"),
        metadata={
            "meaning": "PEM file of the authority behind the server's certificate, which is always verified."
        },
    )
    portal_password_file: Path = field(
        default=Path("var/secrets/directory-portal"),
        metadata={"meaning": "File with the password of the portal's service account."},
    )
    sync_password_file: Path = field(
        default=Path("var/secrets/directory-sync"),
        metadata={"meaning": "File with the password of the sync jobs' service account."},
    )
    index_password_file: Path = field(
        default=Path("var/secrets/directory-index"),
        metadata={"meaning": "File with the password of the search index's service account."},
    )
    scim_password_file: Path = field(
        default=Path("var/secrets/directory-scim"),
        metadata={"meaning": "File with the password of the account that keeps what SCIM clients push."},
    )
    server_program: Path = field(
        default=Path("/usr/sbin/slapd"),
        metadata={"meaning": "slapd itself, for `backup` and `restore` on the directory's own machine."},
    )
    server_config: Path = field(
        default=Path("/etc/ldap/slapd.d"),
        metadata={"meaning": "Folder of its configuration (cn=config), for `backup` and `restore`."},
    )
    timeout: float = field(
        default=5.0, metadata={"meaning": "Seconds to wait for a connection or an answer before giving up."}
    )
    pool_size: int = field(
        default=8, metadata={"meaning": "How many connections one process keeps to the directory at most."}
    )

    def __post_init__(self) -> None:
        if not self.uri.startswith(("ldap://", "ldaps://", "ldapi://")):
            raise ValueError(f"URI must begin with ldap://, ldaps:// or ldapi://, not {self.uri!r}")
        if not self.timeout:
            raise ValueError("TIMEOUT must be more than 0")
        if not self.pool_size:
            raise ValueError("POOL_SIZE must be 1 or more")
