"""Providers that are libraries, with pages of ours around them, each in its own environment."""

from pathlib import Path

from dev.processes import find_program
from dev.third_parties import node, node_modules, pysaml2_python
from tests.functional.visitor import Answer, Visitor
from tests.interop.products.product import Product

SERVERS = Path(__file__).parent


class LibraryProduct(Product):
    """Its server reads our metadata from a file at every request."""

    def metadata(self) -> bytes:
        answer = Visitor(self.origin).get("/metadata")
        assert answer.status == 200, answer.text
        return answer.body

    def take_metadata(self, ours: bytes) -> None:
        part = self.folder / "counterpart.part"
        part.write_bytes(ours)
        part.replace(self.folder / "counterpart.xml")

    def asks_who(self, page: Answer) -> bool:
        return 'name="login"' in page.text

    def log_in(self, visitor: Visitor, page: Answer, login: str) -> Answer:
        return visitor.submit(page, "login", login=login)

    def log_out(self, visitor: Visitor) -> Answer:
        return visitor.get(f"{self.origin}/logout")


class PySAML2(LibraryProduct):
    """Signs and encrypts with Debian's xmlsec1. Its logout names the person and no session."""

    slug = "pysaml2"
    identity_attribute = "subject-id"
    names_sessions = False

    def command(self) -> list[str | Path]:
        return [pysaml2_python(), "-m", f"{__package__}.pysaml2_server", self.folder, str(self.port)]


class Samlify(LibraryProduct):
    """Knows its people by a persistent NameID. While we publish two keys, requests must be posted to it."""

    slug = "samlify"
    identity_attribute = "name-id"
    reads_two_keys_by_redirect = False

    def command(self) -> list[str | Path]:
        return [node(), SERVERS / "node" / "samlify_server.cjs", self.folder, str(self.port), node_modules()]


class SAMLP(LibraryProduct):
    """The library under Auth0. While we publish two keys, requests must be posted to it."""

    slug = "samlp"
    identity_attribute = "name-id"
    reads_two_keys_by_redirect = False

    def command(self) -> list[str | Path]:
        return [node(), SERVERS / "node" / "samlp_server.cjs", self.folder, str(self.port), node_modules()]


class Lasso(LibraryProduct):
    """Knows its people by eduPersonTargetedID; their NameID is another at each sign-in."""

    slug = "lasso"
    identity_attribute = "targeted-id"
    always_signs_assertions = True

    def command(self) -> list[str | Path]:
        python = find_program("/usr/bin/python3", package="python3-lasso")
        return [python, "-m", f"{__package__}.lasso_server", self.folder, str(self.port)]
