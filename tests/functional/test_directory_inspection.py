"""`counterpart doctor` names whatever a server lacks, once each, and the command that it prints mends it.

Each thing is taken from a real slapd that lacked nothing, and is given back by the printed command alone.
"""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dev.servers import MailCatcher, Redis, Slapd
from ldap_schema.changes import Add
from ldap_schema.directory import Service
from ldap_schema.feeds import FeedPart
from ldap_schema.inspection.lack import ANEW, Lack
from ldap_schema.inspection.overlays import NEVER
from tests.functional.command_line import Installed
from tests.functional.directory_kit import opened
from tests.functional.inspection_kit import (
    ALSO,
    CONFIG,
    DATABASE,
    LASTING,
    RESTARTED,
    SUFFIX,
    TAKEN,
    replaced,
    without,
)
from tests.rules.source import ROOT

FAILED = pytest.StashKey[bool]()


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Slapd]]:
    """The server that the next test takes something from."""
    kept = [Slapd(tmp_path_factory.mktemp("inspected"))]
    kept[0].start()
    assert lacks(kept[0]) == [], "the control for all tests"
    yield kept
    kept[0].stop()


@pytest.fixture
def server(
    request: pytest.FixtureRequest, servers: list[Slapd], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Slapd]:
    """A server that lacks nothing; a test that failed to give back what it took spoils it for no other."""
    yield servers[0]
    if request.node.stash.get(FAILED, True):
        servers[0].stop()
        servers[0] = Slapd(tmp_path_factory.mktemp("inspected"))
        servers[0].start()


def lacks(server: Slapd) -> list[Lack]:
    """Return what is found as the jobs' account and, where it can sign in, as the portal's."""
    found: list[Lack] = []
    for service in (Service.SYNC, Service.PORTAL):
        with opened(server, service) as directory:
            if service is Service.SYNC or not any("account cn=portal" in lack.what for lack in found):
                found += directory.missing_parts()
    return found


def load(server: Slapd, ldif: str) -> None:
    """Change the server as its own administrator."""
    command = ["ldapmodify", "-e", "relax", "-Q", "-Y", "EXTERNAL", "-H", server.socket_uri]
    done = subprocess.run(command, input=ldif, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def type_in(server: Slapd, command: str) -> None:
    """Do what doctor says, word for word but for where this server keeps its things."""
    places = {
        "sudo ": "",
        "ldapi:///": shlex.quote(server.socket_uri),
        "slapcat ": f"/usr/sbin/slapcat -F {shlex.quote(str(server.config))} ",
        "python -m": f"{shlex.quote(sys.executable)} -m",
        "secrets/": f"{server.secrets}/",
        "--secrets secrets": f"--secrets {shlex.quote(str(server.secrets))}",
    }
    for word, place in places.items():
        command = command.replace(word, place)
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stderr}"


@pytest.mark.parametrize("taken", TAKEN)
def test_whatever_is_taken_from_a_server_is_named_with_the_command_that_gives_it_back(
    request: pytest.FixtureRequest, server: Slapd, taken: str
) -> None:
    how, words = TAKEN[taken]
    load(server, how)
    if taken == RESTARTED:
        server.stop()
        server.start()
    found = lacks(server)
    told = [lack for lack in found if words not in lack.what and ALSO.get(taken, "?") not in lack.what]
    assert [lack for lack in found if words in lack.what], found
    assert not told, "nothing else was taken"
    for lack in found:
        assert re.fullmatch(r"[^\n]+\.", lack.what), "one sentence"
        type_in(server, lack.mend)
    assert lacks(server) == [], "what doctor said mends it"
    request.node.stash[FAILED] = False


@pytest.mark.parametrize("taken", LASTING)
def test_what_no_command_mends_while_the_server_runs_is_named_with_where_the_way_stands(
    server: Slapd, taken: str
) -> None:
    how, words = LASTING[taken]
    load(server, how)
    (found,) = lacks(server)
    assert words in found.what
    assert found.mend == ANEW
    page, heading = re.findall(r'anew: (\S+), "(.+)"', ANEW)[0]
    assert f"## {heading}\n" in (ROOT / page).read_text()


# accesslog would need a database of its own to write to.
@pytest.mark.parametrize("name", sorted(NEVER.keys() - {"accesslog"}))
def test_an_overlay_that_must_not_be_there_is_named(
    server: Slapd, request: pytest.FixtureRequest, name: str
) -> None:
    class_ = {"refint": "olcRefintConfig", "memberof": "olcMemberOf", "sssvlv": "olcSssVlvConfig"}[name]
    load(
        server,
        f"dn: cn=module{{0}},cn=config\nchangetype: modify\nadd: olcModuleLoad\nolcModuleLoad: {name}\n",
    )
    classes = f"objectClass: olcOverlayConfig\nobjectClass: {class_}\n"
    load(server, f"dn: olcOverlay={name},{DATABASE}\nchangetype: add\n{classes}olcOverlay: {name}\n")
    (found,) = lacks(server)
    assert f"overlay {name} is on the database, and" in found.what
    type_in(server, found.mend)
    assert lacks(server) == []
    request.node.stash[FAILED] = False


def test_a_database_that_is_nearly_full_is_named_before_nothing_can_be_written(
    server: Slapd, request: pytest.FixtureRequest
) -> None:
    load(server, replaced(DATABASE, "olcDbMaxSize", str(4 << 20)))
    with opened(server, Service.SYNC) as sync:
        sync.feeds.ensure("full")
        for batch in range(80):
            parts = [f"part-{batch}-{number}" for number in range(20)]
            sync.write([Add(FeedPart(feed="full", part=part, hold_reason="x" * 2000)) for part in parts])
            if full := [lack for lack in sync.missing_parts() if "% full" in lack.what]:
                break
    (nearly,) = full
    percent = re.match(r"The database is (\d+)% full \(\d MB of 4 MB\)", nearly.what)
    assert percent
    assert 80 < int(percent[1]) <= 100, nearly
    type_in(server, nearly.mend)
    assert lacks(server) == []
    request.node.stash[FAILED] = False


def test_a_replica_is_compared_with_what_a_replica_is(tmp_path: Path) -> None:
    with Slapd(tmp_path / "provider") as provider, Slapd(tmp_path / "replica", provider=provider) as replica:
        assert lacks(replica) == []
        load(replica, replaced(DATABASE, "olcLastBind", "TRUE"))
        (found,) = lacks(replica)
        assert found.what == "The replica numbers binds as changes of its own: olcLastBind is TRUE."
        type_in(replica, found.mend)
        assert lacks(replica) == []


def test_a_newer_directory_and_one_that_is_not_ours_are_told_apart(
    server: Slapd, request: pytest.FixtureRequest
) -> None:
    load(server, replaced(SUFFIX, "nlcSchemaVersion", "99"))
    (newer,) = lacks(server)
    assert (newer.what[:35], newer.mend) == (
        "The directory has schema version 99",
        "Bring this program up to date.",
    )
    load(server, f"{without(SUFFIX, 'objectClass', 'nlcTree').rstrip()}\n-\ndelete: nlcSchemaVersion\n")
    (strange,) = lacks(server)
    assert "is not Counterpart's" in strange.what


def test_the_command_names_each_lack_with_its_mend_and_leaves_with_1(
    tmp_path: Path,
    server: Slapd,
    redis_server: Redis,
    mail_catcher: MailCatcher,
    request: pytest.FixtureRequest,
) -> None:
    installed = Installed(tmp_path, server, redis_server, mail_catcher)
    load(
        server,
        replaced(CONFIG, "olcLogLevel", "none") + "\n" + without(DATABASE, "olcDbIndex", "mail pres,eq,sub"),
    )
    told = installed.run("doctor", "--json")
    (checked,) = [check for check in told.data["checks"] if check["name"] == "directory"]
    assert told.code == 1
    assert [Lack(problem["what"], problem["mend"]) for problem in checked["problems"]] == lacks(server)
    text = installed.run("doctor").out
    for lack in lacks(server):
        assert lack.mend in text, "a command is one line, so that it can be copied"
        type_in(server, lack.mend)
    assert lacks(server) == []
    request.node.stash[FAILED] = False
