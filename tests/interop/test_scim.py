"""scim2-tester and scim-sanity against a running portal, with a token made as an operator makes one."""

import http.client
import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from scim2_client.engines.wsgi import WSGISCIMClient
from scim2_tester import Status, check_server

from dev.processes import free_port
from dev.servers import MailCatcher, Redis, Slapd
from tests.functional.command_line import Installed
from tests.scim_kit import MAPPING

pytestmark = pytest.mark.third_party


@dataclass(frozen=True)
class Address:
    """Where a client speaks to, and what it shows."""

    port: int
    path: str
    token: str

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Pass a request on over the network: scim2-client's own engine for that is one more library."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        query = f"?{environ['QUERY_STRING']}" if environ.get("QUERY_STRING") else ""
        headers = {
            name.removeprefix("HTTP_").replace("_", "-"): str(value)
            for name, value in environ.items()
            if (name.startswith("HTTP_") and name != "HTTP_HOST") or (name == "CONTENT_TYPE" and value)
        }
        length = int(environ.get("CONTENT_LENGTH") or 0)
        body = environ["wsgi.input"].read(length) if length else None
        connection.request(
            environ["REQUEST_METHOD"], environ["PATH_INFO"] + query, body,
            headers | {"Host": f"localhost:{self.port}"},
        )  # fmt: skip
        answer = connection.getresponse()
        start_response(f"{answer.status} {answer.reason}", answer.getheaders())
        found = answer.read()
        connection.close()
        return [found]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
    folder = tmp_path_factory.mktemp("scim")
    with (
        Slapd(folder / "slapd") as slapd,
        Redis(folder / "redis") as redis,
        MailCatcher(folder / "mail") as mail,
    ):
        installed = Installed(folder, slapd, redis, mail)
        installed.store().close()
        port = free_port()
        (folder / "mappings").mkdir()
        (folder / "mappings" / "feed.toml").write_text(MAPPING.replace("FEED", "harbour-authority"))
        installed.set("SYNC_MAPPINGS", folder / "mappings")
        installed.set("SAML_BASE_URL", f"http://localhost:{port}")
        made = json.loads(installed.run("scim", "token", "add", "harbour-authority", "--json").out)
        with installed.start("portal", "serve", "--port", str(port), port=port):
            yield Address(port, "/scim/harbour-authority/v2", made["token"])


def test_scim2_tester_finds_nothing_wrong(address: Address) -> None:
    headers = {"Authorization": f"Bearer {address.token}"}
    client = WSGISCIMClient(address, f"http://localhost:{address.port}{address.path}", headers)
    results = check_server(client)
    assert [(each.title, each.reason) for each in results if each.status is not Status.SUCCESS] == []
    assert len(results) > 60


@pytest.mark.parametrize("profile", [(), ("--profile", "entra", "--user-domain", "harbour.example")])
def test_scim_sanity_finds_no_failure(address: Address, profile: tuple[str, ...]) -> None:
    program = Path(sys.executable).with_name("scim-sanity")
    url = f"http://localhost:{address.port}{address.path}"
    ran = subprocess.run(
        [program, "probe", url, "--token", address.token, "--i-accept-side-effects", *profile],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "[FAIL]" not in ran.stdout
    assert "18 passed" in ran.stdout
