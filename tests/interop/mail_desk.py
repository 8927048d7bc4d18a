"""A directory for the mail programs to ask, one way into it, and what slapd's log says they asked."""

import base64
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.mail_programs import Access
from counterpart.clock import system_clock
from dev.servers import Slapd
from ldap_schema.changes import Add
from ldap_schema.credentials import NewCredential
from ldap_schema.directory import Service
from tests.functional.directory_kit import leader, opened

SHOWN_MAIL, CLOSED_MAIL, MOBILE = (
    "open.lovelight@rivers.example",
    "closed.lovelight@rivers.example",
    "07700900123",
)
PHOTO = base64.b64encode(b"\xff\xd8\xff\xe0 a photo of ours").decode()


@dataclass(frozen=True)
class Desk:
    """The server, with somebody open to leaders, somebody closed and somebody who left; and one way in."""

    slapd: Slapd
    issued: NewCredential

    @property
    def access(self) -> Access:
        """What the portal's page says of the way in."""
        return Access(
            service="Counterpart",
            host="localhost",
            tls_port=self.slapd.ldaps_port,
            port=self.slapd.ldap_port,
            base_dn=self.issued.base_dn,
            bind_dn=self.issued.bind_dn,
            password=self.issued.password,
        )

    def log_length(self) -> int:
        """Return how long slapd's log is by now."""
        return len(self._log())

    def asked(self, since: int) -> list[str]:
        """Return the filters with which people were searched since the log was so long."""
        return re.findall(r'SRCH base="ou=people,[^"]*" scope=2 [^\n]*filter="([^\n]*)"', self._log()[since:])

    def bound_over_tls(self, since: int) -> bool:
        """Say whether the way in was used since then, and over TLS."""
        log = self._log()[since:]
        return f'BIND dn="{self.issued.bind_dn}" method=128' in log and "TLS established" in log

    def _log(self) -> str:
        return self.slapd.log.read_text(errors="replace")


@contextmanager
def furnished(folder: Path) -> Iterator[Desk]:
    """Run such a server."""
    with Slapd(folder, log_level="stats", durable=False) as slapd:
        _fill(slapd)
        with opened(slapd, Service.PORTAL) as portal:
            yield Desk(slapd, portal.credentials.issue("desk-owner", "desk", system_clock()))


def _fill(slapd: Slapd) -> None:
    shown = {"mail": (SHOWN_MAIL,), "mobile": (MOBILE,), "show": ("mail:leaders",)}
    people = [
        _person("desk-owner", "Owen", "Desk"),
        _person(
            "desk-open",
            "Ada",
            "Lovelight",
            title="Chief Tester",
            organisation_name="Office for Pins",
            **shown,
        ),
        _person("desk-closed", "Bea", "Lovelight", mail=(CLOSED_MAIL,), mobile=(MOBILE,)),
        _person("desk-left", "Cid", "Lovelight", status="left", **shown),
    ]
    with opened(slapd, Service.SYNC) as sync:
        sync.write([Add(person) for person in people])
    dn = f"uid=desk-open,ou=people,{slapd.suffix}"
    photo = f"dn: {dn}\nchangetype: modify\nadd: jpegPhoto\njpegPhoto:: {PHOTO}\n"
    command = ["ldapmodify", "-Q", "-Y", "EXTERNAL", "-H", slapd.socket_uri]
    subprocess.run(command, input=photo, text=True, check=True, capture_output=True)


def _person(uid: str, given: str, family: str, **more: Any) -> Any:
    return leader(uid, full_name=f"{given} {family}", given_name=given, family_name=family, **more)
