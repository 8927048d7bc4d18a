"""Where a server keeps what doctor looks at on the server's own machine, and what time it is there."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ldap_schema.filters import any_of, present
from ldap_schema.inspection.configuration import CONFIG
from ldap_schema.link import Link

NOW, SHOWN = "cn=Current,cn=Time,cn=Monitor", "monitorTimestamp"
FOLDER, CERTIFICATE, SUFFIX = "olcDbDirectory", "olcTLSCertificateFile", "olcSuffix"


@dataclass(frozen=True, slots=True)
class Places:
    """Paths on the server's machine; None where its configuration does not tell us."""

    database: Path | None  # a folder
    certificate: Path | None  # the one that clients of the network are shown, in PEM


def places(link: Link) -> Places:
    """Return them as cn=config has them; asked as cn=sync."""
    either = any_of(present(FOLDER), present(CERTIFICATE))
    found = link.find(CONFIG, either, [FOLDER, CERTIFICATE, SUFFIX], scope="below")
    certificates = [each.text(CERTIFICATE) for each in found if each.text(CERTIFICATE)]
    folders = [each.text(FOLDER) for each in found if link.tree.suffix in each.texts(SUFFIX)]
    return Places(Path(folders[0]) if folders else None, Path(certificates[0]) if certificates else None)


def server_time(link: Link) -> datetime | None:
    """Return what time it is for slapd, to the second; None where it does not tell us. Asked as cn=sync."""
    found = link.find(NOW, present("objectClass"), [SHOWN], scope="entry")
    return found[0].instant(SHOWN) if found else None
