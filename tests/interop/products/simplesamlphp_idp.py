"""SimpleSAMLphp as Debian packs it, served by PHP's own web server from a configuration of ours."""

import os
import re
import shutil
from collections.abc import Mapping
from html import unescape
from pathlib import Path

from dev.processes import find_program
from tests.functional.visitor import Answer, Visitor
from tests.interop.products.product import Product

INSTALLED = Path("/usr/share/simplesamlphp/www")
CONFIGURATION = Path(__file__).with_name("simplesamlphp")


class SimpleSAMLphp(Product):
    """Knows its people by the persistent NameID that it computes from their uid and our entity ID."""

    slug = "simplesamlphp"
    identity_attribute = "name-id"

    def command(self) -> list[str | Path]:
        assert INSTALLED.is_dir(), "simplesamlphp is not installed: apt-get install simplesamlphp"
        for name in ("log", "data", "tmp", "sessions"):
            (self.folder / name).mkdir(exist_ok=True)
        for file in CONFIGURATION.glob("*.php"):
            shutil.copy(file, self.folder)
        php = find_program("php", package="php-cli")
        options = ["-d", "session.save_path=" + str(self.folder / "sessions"), "-d", "display_errors=0"]
        return [php, *options, "-S", f"127.0.0.1:{self.port}", "-t", INSTALLED, self.folder / "router.php"]

    def environ(self) -> Mapping[str, str]:
        return {**os.environ, "SIMPLESAMLPHP_CONFIG_DIR": str(self.folder)}

    def metadata(self) -> bytes:
        answer = Visitor(self.origin).get("/saml2/idp/metadata.php")
        assert answer.status == 200, answer.text
        return answer.body

    def take_metadata(self, ours: bytes) -> None:
        """Sign in as the administrator and have the product's converter make its own form of it."""
        administrator = Visitor(self.origin)
        page = administrator.get("/admin/metadata-converter.php")
        page = administrator.submit(page, "password", password="administrator")
        page = administrator.submit(page, "xmldata", xmldata=ours.decode())
        made = re.search(r"(\$metadata\[.*?\n\];)", unescape(page.text), re.DOTALL)
        assert made is not None, page.text
        part = self.folder / "converted.part"
        part.write_text(made[1])
        part.replace(self.folder / "converted.php")

    def asks_who(self, page: Answer) -> bool:
        return 'name="password"' in page.text

    def log_in(self, visitor: Visitor, page: Answer, login: str) -> Answer:
        return visitor.submit(page, "password", username=login, password="secret")

    def log_out(self, visitor: Visitor) -> Answer:
        return visitor.get(f"{self.origin}/saml2/idp/initSLO.php?RelayState={self.origin}/logout.php")
