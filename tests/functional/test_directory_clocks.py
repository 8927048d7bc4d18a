"""Clocks jump, the directory's and ours, forwards and back; and its certificate ends one day."""

import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from counterpart.clock import system_clock
from dev.servers import MailCatcher, Redis, Slapd
from ldap_schema.changes import Add
from ldap_schema.directory import Directory, Service
from tests.functional.clocks import SlapdWithAClock, faked
from tests.functional.command_line import Answer, Installed
from tests.functional.directory_kit import INVALID_CREDENTIALS, bind_code, leader
from tests.functional.documented import commands
from tests.functional.replica_kit import as_service, csn, entries, equal, eventually, refill

pytestmark = pytest.mark.third_party
CERTIFICATE_ENDS, CERTIFICATE_ENDS_SOON = "+400d", "+380d"  # dev/certificates.py makes them for 397 days


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[SlapdWithAClock]:
    with SlapdWithAClock(tmp_path / "provider") as server:
        yield server


@pytest.fixture
def replica(tmp_path: Path, provider: Slapd, sync: Directory) -> Iterator[SlapdWithAClock]:
    sync.write([Add(leader("owner"))])
    with SlapdWithAClock(tmp_path / "replica", provider=provider) as server:
        yield server


@pytest.fixture
def portal(provider: Slapd, replica: Slapd) -> Iterator[Directory]:
    directory = as_service(provider, Service.PORTAL, replica)
    yield directory
    directory.close()


@pytest.fixture
def installed(
    tmp_path: Path, provider: Slapd, replica: Slapd, redis_server: Redis, mail_catcher: MailCatcher
) -> Installed:
    made = Installed(tmp_path, provider, redis_server, mail_catcher)
    made.set("DIRECTORY_REPLICAS", replica.uri)
    return made


def words(answer: Answer) -> str:
    return " ".join(answer.out.split())


def test_a_directory_whose_clock_jumped_is_found_out_and_numbered_anew(
    installed: Installed,
    provider: SlapdWithAClock,
    replica: Slapd,
    sync: Directory,
    portal: Directory,
    tmp_path: Path,
) -> None:
    provider.jump("+2d")
    sync.write([Add(leader("future"))])
    assert equal(provider, replica)
    provider.jump("")
    sync.write([Add(leader("after"))])
    portal.credentials.issue("owner", "laptop", system_clock())
    assert len(portal.credentials.of("owner")) == 1, "what was written is read at the provider"
    assert "after" not in " ".join(entries(replica)), "the replica takes it for old"
    before = csn(provider)
    for asked in (("doctor",), ("doctor", "--replicas"), ("doctor", "--repair")):
        answer = installed.run(*asked)
        assert answer.code == 1
        assert "which is in the future" in words(answer)
    assert csn(provider) == before
    refill(provider, lambda text: numbered_anew(text, tmp_path), "-w")
    refill_from(replica, provider)
    sync.write([Add(leader("later"))])
    assert equal(provider, replica)
    assert {"future", "after", "later"} <= {dn.partition("=")[2].partition(",")[0] for dn in entries(replica)}
    assert installed.run("doctor", "--replicas").code == 0


def numbered_anew(text: str, folder: Path) -> str:
    """What the documented commands between slapcat and slapadd make of slapcat's text."""
    wanted = [line for line in commands("When the clock was wrong") if line.startswith(("now=", "sed "))]
    assert len(wanted) == 2
    (folder / "all.ldif").write_text(text)
    subprocess.run(["bash", "-e", "-c", "\n".join(wanted)], cwd=folder, check=True)
    return (folder / "numbered.ldif").read_text()


def refill_from(replica: Slapd, provider: Slapd) -> None:
    text = subprocess.run(
        ["slapcat", "-F", provider.config, "-b", provider.suffix], capture_output=True, text=True, check=True
    ).stdout
    refill(replica, lambda _: text, "-w")


def test_a_directory_whose_clock_is_late_is_no_reason_to_lose_anything(
    installed: Installed, provider: SlapdWithAClock, replica: Slapd, sync: Directory, portal: Directory
) -> None:
    provider.jump("-2h")
    sync.write([Add(leader("early"))])
    assert "for the directory's server" in words(installed.run("doctor"))
    portal.credentials.issue("owner", "laptop", system_clock())
    assert len(portal.credentials.of("owner")) == 1
    provider.jump("")
    assert "for the directory's server" not in words(installed.run("doctor"))
    sync.write([Add(leader("now"))])
    assert eventually(lambda: "now" in " ".join(entries(replica)))


def test_what_ends_on_a_day_ends_by_the_directorys_clock_and_comes_back_with_it(
    provider: SlapdWithAClock, replica: Slapd, portal: Directory
) -> None:
    issued = portal.credentials.issue("owner", "laptop", system_clock(), days=365)
    assert bind_code(provider, issued) == 0
    provider.jump("+366d")
    assert bind_code(provider, issued) == INVALID_CREDENTIALS
    provider.jump("")
    assert bind_code(provider, issued) == 0


def test_our_own_clock_takes_nobody_away(installed: Installed, portal: Directory) -> None:
    portal.credentials.issue("owner", "laptop", system_clock())
    installed.store().close()
    for ahead in ("+800d", "-800d"):
        installed.environ |= faked(ahead)
        assert installed.run("worker", "--once", "--json").data["purged"] == 0
    assert len(portal.credentials.of("owner")) == 1


def test_a_certificate_that_ends_is_told_before_and_refused_after(
    installed: Installed, provider: Slapd
) -> None:
    installed.set("DIRECTORY_URI", provider.ldaps_uri)  # at its socket no certificate is asked for
    assert "runs out" not in installed.run("doctor").out
    installed.environ |= faked(CERTIFICATE_ENDS_SOON)
    ends = system_clock() + timedelta(days=397)
    assert f"The certificate of {provider.ldaps_uri} runs out on {ends:%d %B %Y}" in words(
        installed.run("doctor")
    )
    installed.environ |= faked(CERTIFICATE_ENDS)
    answer = installed.run("doctor")
    assert answer.code == 1
    assert "certificate can't be verified" in words(answer)
    assert "it has run out" in words(answer)
    refused = installed.run("person", "show", "owner")
    assert refused.code == 1
    assert "it has run out" in refused.err
    assert "Nothing was sent to it" in refused.err


def test_a_replica_refuses_a_provider_whose_certificate_ended_and_catches_up_later(
    provider: Slapd, replica: SlapdWithAClock, sync: Directory, portal: Directory
) -> None:
    replica.jump(CERTIFICATE_ENDS)
    sync.write([Add(leader("unheard"))])
    portal.credentials.issue("owner", "laptop", system_clock())
    assert len(portal.credentials.of("owner")) == 1, "read at the provider"
    assert "unheard" not in " ".join(entries(replica))
    replica.jump("")
    assert equal(provider, replica)


def test_a_mail_program_refuses_a_certificate_that_ended(
    provider: Slapd, replica: Slapd, portal: Directory
) -> None:
    issued = portal.credentials.issue("owner", "laptop", system_clock())
    command = ["ldapsearch", "-x", "-H", provider.ldaps_uri, "-D", issued.bind_dn, "-w", issued.password,
               "-b", issued.base_dn, "(uid=owner)", "cn"]  # fmt: skip
    trusting = {"LDAPTLS_CACERT": str(provider.ca_file), "PATH": "/usr/bin:/bin"}
    works = subprocess.run(command, env=trusting, capture_output=True, text=True, check=False)
    assert (works.returncode, "cn: Ada owner" in works.stdout) == (0, True), works.stderr
    ended = subprocess.run(
        command, env=trusting | faked(CERTIFICATE_ENDS), capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stdout) != (0, works.stdout)
    assert "Can't contact LDAP server" in ended.stderr
