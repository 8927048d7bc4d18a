"""Where a directory server answers: over the network with TLS, or at its socket on the same machine."""

from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from ldap_schema.errors import BadValue

STANDARD_SOCKET = "/var/run/slapd/ldapi"  # what Debian's and Ubuntu's slapd make of `ldapi:///`
STANDARD_PORTS = {"ldap": 389, "ldaps": 636, "ldapi": 0}


@dataclass(frozen=True, slots=True)
class Address:
    """A server's URI, taken apart. `host` is a host name or, for ldapi, the path of the socket."""

    scheme: str  # ldap (StartTLS before anything else), ldaps, or ldapi
    host: str
    port: int  # 0 for a socket

    @classmethod
    def parse(cls, uri: str) -> "Address":
        """Return the address, or raise BadValue with a sentence for what is none."""
        try:
            parts = urlsplit(uri)
            port = parts.port if parts.scheme in ("ldap", "ldaps") else 0
        except ValueError:
            raise BadValue(f"This is no address of a directory: {uri}") from None
        if parts.scheme not in STANDARD_PORTS or not (parts.hostname or parts.scheme == "ldapi"):
            raise BadValue(
                f"The directory's address must begin with ldap://, ldaps:// or ldapi:// and say where: {uri}"
            )
        if parts.scheme == "ldapi" and parts.path.strip("/"):
            raise BadValue(f"The slashes of the socket's path must be written as %2F: {uri}")
        if parts.scheme == "ldapi":
            return cls("ldapi", unquote(parts.netloc) or STANDARD_SOCKET, 0)
        return cls(parts.scheme, str(parts.hostname), port or STANDARD_PORTS[parts.scheme])

    @property
    def local(self) -> bool:
        """Whether it is a socket of this machine, which needs no TLS."""
        return self.scheme == "ldapi"

    @property
    def place(self) -> str:
        """What messages call it."""
        return self.host if self.local else f"{self.host}:{self.port}"
