"""A directory of each released version is brought up to date in place and loses nothing."""

import base64
import os
import re
import subprocess
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from string import Template

import pytest

from dev.certificates import ensure_certificate
from dev.servers import Slapd
from ldap_schema.configure import SCHEMA_VERSION, ldif, peer_identity
from ldap_schema.directory import Directory, Service
from ldap_schema.inspection.lack import ANEW
from ldap_schema.people import SEALED_POST
from ldap_schema.settings import DirectorySettings
from ldap_schema.upgrade import upgrade_ldif
from tests.functional.debian_kit import Machine, debian
from tests.functional.directory_kit import opened
from tests.functional.replica_kit import equal
from tests.rules.source import ROOT

RELEASED = sorted((ROOT / "tests" / "released").glob("[0-9]*"), key=lambda folder: int(folder.name))
SUFFIX = "dc=leaders,dc=gov,dc=uk"
NUMBERS = f"cn=every-attribute,ou=policies,{SUFFIX}"
OURS = {SUFFIX, f"ou=policies,{SUFFIX}", NUMBERS}
BOOKKEEPING = {
    "entryCSN", "modifyTimestamp", "modifiersName", "contextCSN", "authTimestamp", "pwdLastSuccess",
    "pwdFailureTime",
}  # fmt: skip

Values = dict[str, set[str]]


@pytest.fixture(params=RELEASED, ids=lambda folder: f"from-{folder.name}")
def released(request: pytest.FixtureRequest) -> Path:
    """The folder of a released version."""
    folder: Path = request.param
    return folder


def _config(released: Path, places: Mapping[str, object]) -> str:
    standard = {"schemas": "/etc/ldap/schema", "modules": "/usr/lib/ldap"}
    administrator = peer_identity(os.getuid(), os.getgid())
    given = {"administrator": administrator, **standard, **places}
    return Template((released / "config.ldif").read_text()).safe_substitute(given)


def _tls(folder: Path) -> dict[str, Path]:
    made = ensure_certificate(folder, datetime.now(UTC))
    return {"certificate": made.certificate_file, "key": made.key_file, "authority": made.ca_file}


def _entries(dump: str) -> dict[str, Values]:
    found = {}
    for block in dump.replace("\n ", "").strip().split("\n\n"):
        values: Values = {}
        for line in block.splitlines():
            name, colons, value = re.fullmatch(r"([^:]+)(::?) ?(.*)", line).groups()  # type: ignore[union-attr]
            plain = base64.b64decode(value).decode("latin-1") if colons == "::" else value
            values.setdefault(name, set()).add(plain)
        dn = values.pop("dn").pop()
        found[dn] = {name: given for name, given in values.items() if name not in BOOKKEEPING}
    return found


def _nothing_is_lost(before: dict[str, Values], after: dict[str, Values]) -> None:
    assert len(before) > 100
    theirs = {dn: values for dn, values in before.items() if dn not in OURS}
    assert {dn: after.get(dn) for dn in theirs} == theirs
    assert {**after[NUMBERS], **before[NUMBERS]} == after[NUMBERS]


def _mail_program(settings: DirectorySettings, number: int, filter_: str) -> tuple[int, str]:
    who = ["-D", f"uid=v1-device-{number},ou=credentials,{SUFFIX}", "-w", f"password-of-device-{number}"]
    done = subprocess.run(
        ["ldapsearch", "-LLL", "-x", "-H", settings.uri, *who, "-b", f"ou=people,{SUFFIX}", filter_],
        capture_output=True, text=True, check=False, timeout=30,
    )  # fmt: skip
    return done.returncode, done.stdout


def _works(settings: DirectorySettings) -> None:
    """Doctor misses nothing, old entries are read by today's rules, and new attributes can be written."""
    with (
        closing(Directory.open(settings, Service.PORTAL)) as portal,
        closing(Directory.open(settings, Service.SYNC)) as sync,
    ):
        _is_read(portal, sync)
        _is_under_todays_rules(settings, portal, sync)


def _is_read(portal: Directory, sync: Directory) -> None:
    assert [directory.missing_parts() for directory in (portal, sync)] == [[], []]
    assert len(sync.people.all_of_feed("v1-feed")) == 36
    assert len(sync.posts.tenures_of_feed("v1-feed")) == 28
    assert [part.hold_run for part in sync.feeds.held()] == ["run-2"]
    assert portal.groups.roles_of("v1-person-00") == {"directory-managers"}
    viewer = portal.as_viewer("v1-person-00")
    shown, left = viewer.people.get("v1-person-01"), viewer.people.by_uids(["v1-person-05"])
    assert (shown.full_name, shown.mail) == ("Bo Marsh", ("person01@southfell.example",))
    assert (shown.mobile, left) == ((), {})


def _is_under_todays_rules(settings: DirectorySettings, portal: Directory, sync: Directory) -> None:
    viewer = portal.as_viewer("v1-person-00")
    code, found = _mail_program(settings, 0, "(uid=v1-person-01)")
    assert (code, "mail: person01@southfell.example" in found, "mobile" in found) == (0, True, False)
    assert _mail_program(settings, 5, "(uid=v1-person-01)")[0] == 49  # its owner has left
    sync.seals.seal("v1-person-01", SEALED_POST, datetime.now(UTC).date())
    assert _mail_program(settings, 0, "(uid=v1-person-01)") == (0, "")
    assert viewer.people.by_uids(["v1-person-01"]) == {}
    sync.seals.unseal("v1-person-01")


def _documented(machine: Machine) -> None:
    """Do what docs/operations-directory.md says under "Bring an older directory up to date"."""
    dump = machine.root / "before-upgrade.ldif"
    dump.write_text(machine.tool("slapcat", "-n", "1"))
    config, upgrade = machine.printed("config"), machine.printed("upgrade", "--before", str(dump))
    machine.move_away(machine.config)
    machine.tool("slapadd", "-n", "0", given=config)
    machine.tool("slapindex", "-q")
    with machine.started():
        command = ["ldapmodify", "-e", "relax", "-Q", "-Y", "EXTERNAL", "-H", machine.local_uri]
        done = subprocess.run(command, input=upgrade, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_documented_commands_bring_a_released_directory_up_to_date(
    tmp_path: Path, released: Path
) -> None:
    machine = debian(tmp_path / "machine")
    data, tree = machine.root / "var/lib/ldap", (released / "tree.ldif").read_text()
    config = _config(released, {**_tls(machine.root / "tls"), "folder": machine.root / "run", "data": data})
    machine.load(config, tree)
    with machine.started() as settings:
        with closing(Directory.open(settings, Service.SYNC)) as sync:
            told = sync.missing_parts()
        words = f"schema version {released.name} and this program needs version {SCHEMA_VERSION}."
        assert [lack.mend for lack in told if words in lack.what] == [ANEW]
    (machine.root / "etc/slapd.d.before").rename(machine.root / "etc/debians")

    _documented(machine)

    _nothing_is_lost(_entries(tree), _entries(machine.tool("slapcat", "-n", "1")))
    with machine.started() as settings:
        _works(settings)
    dump = machine.tool("slapcat", "-n", "1").splitlines()
    assert upgrade_ldif(SUFFIX, dump, {}) == "", "a second time there is nothing to do"


def _older_folder(folder: Path, released: Path) -> None:
    """Make the folder of a private slapd as that version's code left it."""
    for name in ("config", "data", "secrets"):
        (folder / name).mkdir(parents=True)
    tree = (released / "tree.ldif").read_text()
    for account in re.findall(r"^dn: cn=(\w+),ou=services", tree, re.MULTILINE):
        (folder / "secrets" / f"directory-{account}").write_text(f"password-of-{account}")
    config = _config(released, {**_tls(folder / "tls"), "folder": folder, "data": folder / "data"})
    for database, text in (("0", config), ("1", tree)):
        command = ["/usr/sbin/slapd", "-Tadd", "-q", "-n", database, "-F", str(folder / "config")]
        subprocess.run(command, input=text, check=True, capture_output=True, text=True)
    (folder / "config.loaded").write_text("of an older version")
    (folder / "data.loaded").write_text("tree")


def test_a_private_server_of_a_released_version_upgrades_itself_and_its_replica_follows(
    tmp_path: Path, released: Path
) -> None:
    for name in ("provider", "replica"):
        _older_folder(tmp_path / name, released)
    with (
        Slapd(tmp_path / "provider") as provider,
        Slapd(tmp_path / "replica", provider=provider) as replica,
    ):
        _works(provider.settings())
        assert equal(provider, replica)
        with opened(replica, Service.SYNC) as copied:
            assert copied.missing_parts() == []
    command = ["/usr/sbin/slapd", "-Tcat", "-n1", "-F", str(provider.config)]
    dump = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    _nothing_is_lost(_entries((released / "tree.ldif").read_text()), _entries(dump))


def test_an_upgrade_that_was_cut_off_is_finished_by_the_next_start(tmp_path: Path) -> None:
    _older_folder(tmp_path / "slapd", RELEASED[0])
    with Slapd(tmp_path / "slapd"):
        pass
    (tmp_path / "slapd" / "data.loaded").write_text("tree")  # as if its process had ended before the end
    server = Slapd(tmp_path / "slapd")
    with server, opened(server, Service.SYNC) as sync:
        assert sync.missing_parts() == []
        assert sync.people.get("v1-person-00").full_name == "Ada Quillfeather"


def test_what_is_no_directory_or_a_newer_one_is_refused_in_words() -> None:
    for dump, words in (
        ("dn: dc=nodomain\nobjectClass: top\n", "no directory of Counterpart"),
        (f"dn: {SUFFIX}\nnlcSchemaVersion: 99\n", "bring the program up to date"),
        (f"dn: {SUFFIX}\nnlcSchemaVersion: 1\n", "no account portal yet"),
    ):
        with pytest.raises(ValueError, match=words):
            upgrade_ldif(SUFFIX, dump.splitlines(), {})


def _definitions(text: str) -> dict[str, str]:
    """Return number -> name of what Counterpart defined."""
    return dict(re.findall(r"\( (nlc(?:Attribute|Class):\d+) NAME '(\w+)'", text))


def test_what_a_released_version_defined_keeps_its_number_and_its_name(released: Path) -> None:
    text = ldif("schema.ldif")
    then, now = _definitions((released / "config.ldif").read_text()), _definitions(text)
    assert then.items() <= now.items()
    for number in now.keys() - then.keys():
        origin = text.partition(f"( {number} NAME")[2].partition("X-ORIGIN 'Counterpart ")[2]
        assert int(origin.partition("'")[0]) > int(released.name), number
