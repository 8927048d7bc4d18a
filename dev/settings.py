"""Where `make run` puts its things and how much it invents, read from the environment."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dev.errors import ServerError
from dev.organisations import FEWEST_LEADERS
from dev.processes import free_port

PORTS = {
    "portal_port": ("COUNTERPART_PORTAL_PORT", 5000),
    "idp_port": ("COUNTERPART_IDP_PORT", 5001),
    "ldap_port": ("COUNTERPART_LDAP_PORT", 3890),
    "ldaps_port": ("COUNTERPART_LDAPS_PORT", 6360),
    "smtp_port": ("COUNTERPART_SMTP_PORT", 5025),
}
LEADERS = 1500


class BadSetting(ServerError):
    """A setting of `make run` has a value that can't be used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HouseSettings:
    """One whole Counterpart on this machine: its folder, its ports, and how many leaders are invented."""

    var: Path  # absolute; everything that is kept lies in it
    portal_port: int
    idp_port: int
    ldap_port: int
    ldaps_port: int
    smtp_port: int
    leaders: int = LEADERS
    https: bool = False  # whether the portal speaks HTTPS, with the certificate in var/tls

    @property
    def portal_url(self) -> str:
        """The portal as a browser reaches it."""
        return f"{'https' if self.https else 'http'}://localhost:{self.portal_port}"

    @property
    def idp_url(self) -> str:
        """The demonstration identity providers; another site than localhost, as in life."""
        return f"http://127.0.0.1:{self.idp_port}"

    @property
    def settings_file(self) -> Path:
        """The file from which the product reads its settings."""
        return self.var / "counterpart.env"


def from_environment(environ: Mapping[str, str]) -> HouseSettings:
    """Read the settings of `make run`; raises BadSetting with one sentence that names the setting."""
    ports = {
        field: _number(environ, name, default, range(1024, 65_536), "a port")
        for field, (name, default) in PORTS.items()
    }
    if len(set(ports.values())) < len(ports):
        names = ", ".join(name for name, _ in PORTS.values())
        raise BadSetting(f"Two servers can't have the same port; look at {names}.")
    leaders = _number(
        environ, "COUNTERPART_LEADERS", LEADERS, range(FEWEST_LEADERS, 20_001), "a number of leaders"
    )
    return _house(Path(environ.get("COUNTERPART_VAR") or "var").absolute(), ports, leaders, https=False)


def of_a_test(folder: Path, leaders: int, *, https: bool = False) -> HouseSettings:
    """Return settings with free ports, so that tests run beside each other and beside `make run`."""
    ports: set[int] = set()
    while len(ports) < len(PORTS):
        ports.add(free_port())
    return _house(folder.absolute(), dict(zip(PORTS, ports, strict=True)), leaders, https)


def _house(var: Path, ports: Mapping[str, int], leaders: int, https: bool) -> HouseSettings:
    return HouseSettings(
        var=var,
        portal_port=ports["portal_port"],
        idp_port=ports["idp_port"],
        ldap_port=ports["ldap_port"],
        ldaps_port=ports["ldaps_port"],
        smtp_port=ports["smtp_port"],
        leaders=leaders,
        https=https,
    )


def _number(environ: Mapping[str, str], name: str, default: int, allowed: range, what: str) -> int:
    text = environ.get(name, "").strip() or str(default)
    if not (text.isascii() and text.isdecimal() and int(text) in allowed):
        raise BadSetting(f"{name} must be {what} from {allowed[0]} to {allowed[-1]}, not {text!r}.")
    return int(text)
