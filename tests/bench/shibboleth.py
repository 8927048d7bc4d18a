"""Debian's Shibboleth SP as two processes of ours: Apache with mod_shib, and shibd.

Its configuration is the one that the package installs, but for what it must be told: who we are, whom we
trust, where our folder is, and that we are on loopback without TLS. Sessions and replays are kept as they
are by default, in shibd's memory.
"""

import os
import shutil
import socket
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self
from xml.sax.saxutils import quoteattr

from lxml import etree

from dev.identity_provider.config import IdentityProvider, Service
from dev.identity_provider.demo import ensure_key
from dev.identity_provider.messages import metadata
from dev.processes import Process, find_program, free_port
from saml.xml import MD, q

INSTALLED = Path("/etc/shibboleth")
MODULES = Path("/usr/lib/apache2/modules")
SHIBMD = "urn:mace:shibboleth:metadata:1.0"
LOADED = ("mpm_event", "authn_core", "authz_core", "authz_user", "alias", "dir")


class ShibbolethSP:
    """A service provider that protects `/secure/`, with one identity provider whose scope is `scope`."""

    def __init__(self, provider: IdentityProvider, scope: str) -> None:
        # Apache's workers are another account, which can't enter the folders of tests.
        self._folder = Path(tempfile.mkdtemp(prefix="counterpart-shibboleth-"))
        self._folder.chmod(0o755)
        self.port = free_port()
        self.base = f"http://localhost:{self.port}"
        self._socket = self._folder / "shibd.sock"
        self._configure(provider, scope)
        shibd: list[str | Path] = [find_program("shibd", package="libapache2-mod-shib"), "-F", "-f"]
        shibd += ["-c", self._folder / "shibboleth2.xml", "-p", self._folder / "shibd.pid"]
        self.shibd = Process("shibd", shibd, self._folder, ready=self._shibd_answers)
        apache: list[str | Path] = [find_program("apache2", package="libapache2-mod-shib"), "-DFOREGROUND"]
        apache += ["-f", self._folder / "apache.conf"]
        self.apache = Process("apache", apache, self._folder, ports={self.port: ""})

    @property
    def service(self) -> Service:
        """It, as an identity provider knows it."""
        certificate = (self._folder / "sp.crt").read_text()
        handlers = f"{self.base}/Shibboleth.sso"
        return Service(
            f"{self.base}/shibboleth", f"{handlers}/SAML2/POST", f"{handlers}/SLO/Redirect",
            (certificate,), certificate,
        )  # fmt: skip

    def __enter__(self) -> Self:
        self.shibd.start()
        try:
            self.apache.start()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def _end(self) -> None:
        self.apache.stop()
        self.shibd.stop()
        shutil.rmtree(self._folder)

    def _shibd_answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(str(self._socket)) == 0

    def _configure(self, provider: IdentityProvider, scope: str) -> None:
        folder = self._folder
        ensure_key(folder / "sp.key", folder / "sp.crt", "Shibboleth SP", datetime.now(UTC))
        (folder / "idp.xml").write_bytes(_scoped(metadata(provider), scope))
        for logger in ("shibd", "native"):
            words = (INSTALLED / f"{logger}.logger").read_text()
            moved = words.replace("/var/log/shibboleth/", f"{folder}/").replace(
                "/var/log/apache2/", f"{folder}/"
            )
            (folder / f"{logger}.logger").write_text(moved)
        (folder / "shibboleth2.xml").write_text(self._shibboleth(provider))
        (folder / "apache.conf").write_text(self._apache())
        (folder / "secure").mkdir()
        (folder / "secure" / "index.html").write_text("<title>Secure</title>")

    def _shibboleth(self, provider: IdentityProvider) -> str:
        """The installed configuration with our names in it."""
        text = (INSTALLED / "shibboleth2.xml").read_text()
        changes = {
            "<OutOfProcess ": f'<OutOfProcess logger="{self._folder}/shibd.logger" ',
            "<!--\n    By default, in-memory": f'<InProcess logger="{self._folder}/native.logger"/>\n'
            f'    <UnixListener address="{self._socket}"/>\n    <!--\n    By default, in-memory',
            '"https://sp.example.org/shibboleth"': quoteattr(f"{self.base}/shibboleth"),
            '"https://idp.example.org/idp/shibboleth"': quoteattr(provider.entity_id),
            'discoveryProtocol="SAMLDS" discoveryURL="https://ds.example.org/DS/WAYF"': "",
            'handlerSSL="true" cookieProps="https"': 'handlerSSL="false" cookieProps="http"',
            "<!-- Example of locally maintained metadata. -->": '<MetadataProvider type="XML" '
            f'path="{self._folder}/idp.xml"/>',
            'key="sp-signing-key.pem" certificate="sp-signing-cert.pem"': self._pair(),
            'key="sp-encrypt-key.pem" certificate="sp-encrypt-cert.pem"': self._pair(),
        }
        for found, put in changes.items():
            assert text.count(found) == 1, f"{INSTALLED}/shibboleth2.xml is another than expected: {found}"
            text = text.replace(found, put)
        for file in ("attribute-map", "attribute-policy", "security-policy", "protocols"):
            text = text.replace(f'path="{file}.xml"', f'path="{INSTALLED}/{file}.xml"')
        return text

    def _pair(self) -> str:
        return f'key="{self._folder}/sp.key" certificate="{self._folder}/sp.crt"'

    def _apache(self) -> str:
        user = "User www-data\nGroup www-data" if os.getuid() == 0 else ""
        loaded = "\n".join(f"LoadModule {name}_module {MODULES}/mod_{name}.so" for name in LOADED)
        return f"""\
ServerRoot {self._folder}
ServerName {self.base}
Listen 127.0.0.1:{self.port}
PidFile {self._folder}/apache.pid
DefaultRuntimeDir {self._folder}
ErrorLog {self._folder}/error.log
UseCanonicalName On
KeepAlive On
MaxKeepAliveRequests 0
{user}
{loaded}
LoadModule mod_shib {MODULES}/mod_shib.so
DocumentRoot {self._folder}
ShibConfig {self._folder}/shibboleth2.xml
<Location /secure>
  AuthType shibboleth
  ShibRequestSetting requireSession true
  Require shib-session
</Location>
"""


def _scoped(described: bytes, scope: str) -> bytes:
    """The provider's metadata with the scope that its subject ids may end in."""
    root = etree.fromstring(described)
    extensions = root.find(f"{q(MD, 'IDPSSODescriptor')}/{q(MD, 'Extensions')}")
    assert extensions is not None, "the demonstration's metadata has them"
    node = etree.SubElement(extensions, f"{{{SHIBMD}}}Scope", regexp="false", nsmap={"shibmd": SHIBMD})
    node.text = scope
    return etree.tostring(root)
