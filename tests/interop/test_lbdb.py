"""lbdb, through which Mutt looks people up, and Mutt itself, with the lines that the portal hands out."""

import os
import pty
import select
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from app.mail_programs import Access, mutt
from tests.interop.mail_desk import CLOSED_MAIL, SHOWN_MAIL, Desk, furnished

pytestmark = pytest.mark.third_party

QUERY_COMMAND = "set query_command=\"lbdbq '%s'\"\n"  # as the page says
PATIENCE = 30.0  # seconds


@dataclass(frozen=True)
class Home:
    """Somebody's home folder, set up for one credential."""

    folder: Path

    def looks_up(self, word: str) -> tuple[int, str]:
        """Return the exit code and what lbdbq prints."""
        environment = {**os.environ, "HOME": str(self.folder)}
        done = subprocess.run(
            ["lbdbq", word], env=environment, capture_output=True, text=True, timeout=60, check=False
        )
        return done.returncode, done.stdout

    def mutt_shows(self, word: str, wanted: str) -> str:
        """Type a query into Mutt (the key Q) and return what its screen showed until the wanted text came."""
        pid, screen = pty.fork()
        if pid == 0:
            environment = {"HOME": str(self.folder), "TERM": "xterm", "PATH": "/usr/bin:/bin"}
            os.execve("/usr/bin/mutt", ["mutt", "-n", "-R", "-f", str(self.folder / "inbox")], environment)  # noqa: S606 - no shell
        try:
            _read(screen, "Msgs:0")
            os.write(screen, b"Q")
            _read(screen, "Query")
            os.write(screen, f"{word}\r".encode())
            return _read(screen, wanted)
        finally:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            os.close(screen)


def _read(screen: int, wanted: str) -> str:
    """Return what came by the time that the wanted text had; fail if it never does."""
    shown, end = "", time.monotonic() + PATIENCE
    while wanted not in shown and time.monotonic() < end:
        if select.select([screen], [], [], 1.0)[0]:
            shown += os.read(screen, 65536).decode(errors="replace")
    assert wanted in shown, shown
    return shown


def _set_up(home: Path, access: Access) -> Home:
    home.mkdir()
    (home / ".lbdbrc").write_text('METHODS="m_ldap"\n')
    (home / ".mutt_ldap_query.rc").write_text(mutt(access))
    (home / ".muttrc").write_text(QUERY_COMMAND + "set folder=~\n")
    (home / "inbox").touch()  # Mutt wants a mailbox, and is content with this one
    return Home(home)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with furnished(tmp_path_factory.mktemp("lbdb") / "slapd") as running:
        yield running


@pytest.fixture
def home(desk: Desk, tmp_path: Path) -> Home:
    return _set_up(tmp_path / "home", desk.access)


def test_lbdbq_finds_whoever_shows_an_address_and_nothing_without_the_password(
    desk: Desk, home: Home, tmp_path: Path
) -> None:
    before = desk.log_length()
    code, printed = home.looks_up("lovelight")
    assert (code, f"{SHOWN_MAIL}\tAda Lovelight\tOffice for Pins" in printed) == (0, True), printed
    assert desk.bound_over_tls(before)
    assert "(cn=*lovelight*)" in desk.asked(before)[0]
    assert SHOWN_MAIL in home.looks_up("lovel")[1]
    assert CLOSED_MAIL not in printed, "an address that is shown to nobody"
    wrong = _set_up(tmp_path / "wrong", replace(desk.access, password="wrong"))
    assert "@rivers.example" not in wrong.looks_up("lovelight")[1]


def test_mutt_itself_offers_whom_lbdb_finds(home: Home) -> None:
    shown = home.mutt_shows("lovelight", "Ada Lovelight")
    assert SHOWN_MAIL[:20] in shown, "the column is narrower than the address"
    assert "Bea" not in shown, "her address is shown to nobody"
