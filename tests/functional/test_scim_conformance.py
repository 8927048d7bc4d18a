"""Other people's checks of SCIM servers (scim2-tester, scim-sanity) against a feed's address.

They speak to the application here; `tests/interop/test_scim.py` runs the same against a running portal.
"""

import threading
from collections import Counter
from collections.abc import Iterator

import pytest
from scim2_client.engines.wsgi import WSGISCIMClient
from scim2_tester import Status, check_server
from scim_sanity.probe.runner import run_probe
from werkzeug.serving import make_server

from dev.servers import Redis, Slapd
from tests.conftest import migrated_store
from tests.portal_kit import Portal
from tests.scim_kit import Pushing, pushing, scim_portal


@pytest.fixture(scope="module")
def portal(slapd: Slapd, redis_server: Redis, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    folder = tmp_path_factory.mktemp("scim")
    with migrated_store(folder) as store, scim_portal(slapd, redis_server, store, folder) as made:
        yield made


@pytest.fixture
def push(portal: Portal, tmp_path_factory: pytest.TempPathFactory) -> Pushing:
    assert portal.services.scim is not None
    return pushing(portal, portal.services.scim.find.__self__.folder)  # type: ignore[attr-defined]


def test_scim2_tester_finds_nothing_wrong(portal: Portal, push: Pushing) -> None:
    headers = {"Authorization": f"Bearer {push.token.text}"}
    client = WSGISCIMClient(portal.app.wsgi_app, f"http://localhost{push.base}", headers)
    results = check_server(client)
    wrong = [(each.title, each.reason) for each in results if each.status is not Status.SUCCESS]
    assert wrong == []
    told = Counter(each.title for each in results)
    assert len(results) > 60
    assert {"patch_add", "patch_replace", "object_deletion"} & told.keys(), told


@pytest.mark.parametrize("profile", [None, "entra"])
def test_scim_sanity_finds_no_failure(
    portal: Portal, push: Pushing, profile: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    server = make_server("127.0.0.1", 0, portal.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        code = run_probe(
            f"http://localhost:{server.server_port}{push.base}", token=push.token.text, profile=profile,
            accept_side_effects=True, user_domain="harbour.example",
        )  # fmt: skip
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    said = capsys.readouterr().out
    assert code == 0, said
    assert "[FAIL]" not in said
    assert "18 passed" in said
