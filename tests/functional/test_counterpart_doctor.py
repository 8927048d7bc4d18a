"""The doctor finds each thing that is wrong, says how to mend it, and is silent when all is well."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from counterpart.findings import Patient
from counterpart.own_machine import certificate_files, disks
from counterpart.settings import load
from dev.identity_provider.demo import ensure_key
from dev.servers import MailCatcher, Redis, Slapd
from ldap_schema.changes import Add, Remove
from ldap_schema.directory import Directory, Service
from ldap_schema.offices import Office
from ldap_schema.people import Person
from ldap_schema.posts import Post, Tenure
from search_index.folder import IndexFolder
from store import heartbeats, providers
from tests.functional.command_line import Installed
from tests.sync_world import MAPPING


@pytest.fixture(scope="module")
def slapd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slapd]:
    """A directory of these tests alone: what others leave in a shared one, doctor would find."""
    with Slapd(tmp_path_factory.mktemp("slapd")) as server:
        yield server


@pytest.fixture
def installed(tmp_path: Path, slapd: Slapd, redis_server: Redis, mail_catcher: MailCatcher) -> Installed:
    """An installation in which nothing is wrong."""
    made = Installed(tmp_path, slapd, redis_server, mail_catcher)
    now = datetime.now(UTC)
    saml = made.var / "saml"
    live = {
        "id": "rivers",
        "name": "Department for Rivers and Coasts",
        "entity_id": "https://rivers.example/metadata",
        "sso_url": "https://rivers.example/sso",
        "state": "live",
        "certificates": [(saml / "current.crt").read_text()],
    }
    store = made.store()
    with store.transaction() as tx:
        providers.save(tx, live)
        heartbeats.beat(tx, "worker", now)
    store.close()
    (made.var / "index").mkdir()
    IndexFolder(made.var / "index").note_in_step(now + timedelta(minutes=5))  # for as long as the tests take
    return made


def problems(installed: Installed) -> dict[str, list[dict[str, str]]]:
    answer = installed.run("doctor", "--json")
    found: Any = {check["name"]: check["problems"] for check in answer.data["checks"] if check["problems"]}
    assert answer.code == (1 if found else 0)
    return found  # type: ignore[no-any-return]


def test_a_healthy_installation_is_well(installed: Installed) -> None:
    answer = installed.run("doctor")
    assert answer.out.endswith("Everything is well.\n"), answer.out
    assert answer.code == 0


@pytest.mark.parametrize(
    ("setting", "value", "checks"),
    [
        ("PORTAL_SECRET_FILE", "/nowhere", {"secrets", "portal"}),
        ("DIRECTORY_URI", "ldap://localhost:1", {"directory"}),
        ("SERVICE_REDIS_URL", "redis://localhost:1", {"redis"}),
        ("STORE_URL", "sqlite:////nowhere/store.db", {"store", "mail", "providers"}),
        ("SERVICE_SMTP_PORT", "1", {"mail"}),
        ("PORTAL_BRAND", "crown", {"portal"}),
        ("SAML_CERTIFICATE_FILE", "/nowhere", {"SAML keys", "portal"}),
        ("WATCH_LOG", "/nowhere", {"mail programs"}),
        ("INDEX_FOLDER", "/nowhere", {"search index"}),
        ("PORTAL_DIRECTORY_TLS_PORT", "1", {"mail programs' server"}),
        ("DIRECTORY_INDEX_PASSWORD_FILE", "/nowhere", {"secrets", "directory"}),
        ("DIRECTORY_SCIM_PASSWORD_FILE", "/nowhere", {"secrets", "directory"}),
    ],
)
def test_each_thing_that_is_wrong_is_found_and_nothing_else(
    installed: Installed, setting: str, value: str, checks: set[str]
) -> None:
    installed.set(setting, value)
    found = problems(installed)
    assert set(found) - {"portal"} == checks - {"portal"}, found
    assert all(problem["what"] and problem["mend"] for each in found.values() for problem in each)


def test_a_server_that_takes_writes_where_mail_programs_reach_it_is_found(
    installed: Installed, slapd: Slapd, tmp_path: Path
) -> None:
    with Slapd(tmp_path / "slapd", secrets_folder=slapd.secrets, network_writes=True) as server:
        installed.set("PORTAL_DIRECTORY_TLS_PORT", server.ldaps_port)
        installed.set("DIRECTORY_CA_FILE", server.ca_file)
        (problem,) = problems(installed)["mail programs' server"]
    assert "takes writes from the network" in problem["what"]
    assert "update_ssf=512" in problem["mend"]


def test_an_https_address_without_a_known_proxy_is_asked_about_and_is_no_error(installed: Installed) -> None:
    installed.set("SAML_BASE_URL", "https://directory.example")
    answer = installed.run("doctor")
    assert answer.code == 0, answer.out
    assert "perhaps wrong" in answer.out
    assert "COUNTERPART_PORTAL_PROXIES is 0" in " ".join(answer.out.split())
    installed.set("PORTAL_PROXIES", 1)
    assert "perhaps wrong" not in installed.run("doctor").out


def test_a_secret_that_others_can_read_is_found(installed: Installed) -> None:
    (installed.var / "secrets" / "portal").chmod(0o644)
    assert "chmod 600" in problems(installed)["secrets"][0]["mend"]


def test_a_secret_of_any_setting_that_others_can_read_is_found(installed: Installed, tmp_path: Path) -> None:
    secrets = []
    for setting in (
        "STORE_PASSWORD_FILE", "SERVICE_BACKUP_KEY_FILE", "SERVICE_REDIS_PASSWORD_FILE", "SAML_NEXT_KEY_FILE",
        "SAML_PREVIOUS_KEY_FILE", "DIRECTORY_SYNC_PASSWORD_FILE",
    ):  # fmt: skip
        secrets.append(tmp_path / setting)
        secrets[-1].write_text("hush")
        installed.set(setting, secrets[-1])
    for mode, told in ((0o600, set()), (0o640, {f"chmod 600 {secret}" for secret in secrets})):
        for secret in secrets:
            secret.chmod(mode)
        assert {problem["mend"] for problem in problems(installed).get("secrets", [])} == told


def test_references_to_entries_that_are_not_there_are_found(installed: Installed, slapd: Slapd) -> None:
    directory = Directory.open(slapd.settings(), Service.SYNC)
    bo = Person(
        uid="dr-bo", full_name="Bo Vale", family_name="Vale", organisation_id="dr-none", assistants=("x",)
    )
    post = Post(id="dr-post", title="Director", organisation_id="dr-none")
    held = Tenure(id="dr-held", post_id="dr-post", holder="dr-gone")
    whole = Office(id="dr-office", name="Front office", serves=("dr-bo",))
    added = [Add(each) for each in (bo, post, held, whole)]
    directory.write(added)
    try:
        found = [each["what"].split(", which")[0] for each in problems(installed)["references"]]
        assert found == [
            "dr-bo in ou=people: the organisation (nlcOrganisation) is dr-none",
            "dr-bo in ou=people: an assistant (secretary) is x",
            "dr-held in ou=posts: the holder (roleOccupant) is dr-gone",
            "dr-post in ou=posts: the organisation (nlcOrganisation) is dr-none",
        ]
    finally:
        directory.write([Remove(each.record) for each in reversed(added)])
        directory.close()
    assert problems(installed) == {}


def test_a_feeds_secret_that_is_missing_or_open_to_others_is_found(installed: Installed) -> None:
    folder, token = installed.folder / "mappings", installed.folder / "token"
    folder.mkdir()
    fetched = 'type = "https"\nurl = "https://hr.example/rivers.csv"\n'
    text = MAPPING.replace("[source]\n", f'[source]\n{fetched}token_file = "{token}"\n')
    (folder / "rivers.toml").write_text(text)
    installed.set("SYNC_MAPPINGS", folder)
    assert "can't be read" in problems(installed)["feeds"][0]["what"]
    token.write_text("hush")
    token.chmod(0o644)
    assert "other accounts" in problems(installed)["feeds"][0]["what"]
    token.chmod(0o600)
    assert problems(installed) == {}
    (folder / "rivers.toml").write_text("[feed")
    assert problems(installed)["feeds"]


def test_an_index_that_nobody_keeps_fresh_is_found(installed: Installed) -> None:
    IndexFolder(installed.var / "index").note_in_step(datetime(2026, 1, 1, tzinfo=UTC))
    (problem,) = problems(installed)["search index"]
    assert "was last fresh on 01 January 2026" in problem["what"]
    assert "counterpart follow" in problem["mend"]


def test_a_worker_that_stopped_is_found(installed: Installed) -> None:
    store = installed.store()
    with store.transaction() as tx:
        heartbeats.beat(tx, "worker", datetime(2026, 1, 1, tzinfo=UTC))
    store.close()
    assert "silent since 01 January 2026" in problems(installed)["mail"][0]["what"]


def test_nobody_can_sign_in_without_a_live_provider(installed: Installed) -> None:
    store = installed.store()
    with store.transaction() as tx:
        saved = providers.get(tx, "rivers")
        assert saved is not None
        providers.save(tx, saved | {"state": "suspended"})
    store.close()
    assert "nobody can sign in" in problems(installed)["providers"][0]["what"]


def test_a_certificate_that_ran_out_is_found(installed: Installed) -> None:
    saml = installed.var / "saml"
    for name in ("current.key", "current.crt"):
        (saml / name).unlink()
    ensure_key(saml / "current.key", saml / "current.crt", "Ours", datetime(2001, 1, 1, tzinfo=UTC))
    assert "ran out on" in problems(installed)["SAML keys"][0]["what"]


def test_the_directory_s_certificates_and_its_disk_are_looked_at_also_where_it_is_asked_at_its_socket(
    installed: Installed, slapd: Slapd
) -> None:
    patient = Patient(
        load({}, installed.house.settings_file), lambda: datetime.now(UTC) + timedelta(days=9000)
    )
    server, authority = (problem.what for problem in certificate_files(patient, "a new one"))
    assert "The directory's certificate ran out on" in server
    assert f"authority ({slapd.ca_file}) ran out on" in authority
    first = next(iter(disks(patient, lambda _: (20 << 30, 18 << 30, 2 << 30))))
    assert f"The disk with the directory's database ({slapd.data}) has 2.0 GB free, 10% of it." in first.what


def test_a_changed_ledger_is_found(installed: Installed) -> None:
    store = installed.store()
    with store.transaction() as tx:
        tx.connection().exec_driver_sql("INSERT INTO ledger VALUES (1,'now','x','y','z','{}','a','b')")
    store.close()
    assert "does not hold from entry 1" in problems(installed)["store"][0]["what"]
