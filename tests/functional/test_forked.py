"""The tests' way to run a command does what starting the program does: see `forked.py`."""

import os
import subprocess
from pathlib import Path

import pytest

from dev.commands import COUNTERPART
from tests.functional import forked
from tests.functional.replica_kit import eventually

SECONDS = 30.0
COMMANDS = (
    "--version",
    "bogus",
    "sync plan missing.toml",  # a failure of which failures.py tells the words
    "--settings mine.env settings",  # the folder, the environment and a file
    "migrate",  # writes files
    "ledger verify",
)


@pytest.mark.parametrize("mask", [0o022, 0o077])
def test_a_forked_command_says_leaves_and_ends_as_a_new_program(tmp_path: Path, mask: int) -> None:
    seen = []
    usual = os.umask(mask)
    try:
        for way in (forked.run, forked.run_anew):
            folder = tmp_path / way.__name__
            folder.mkdir()
            (folder / "mine.env").write_text("COUNTERPART_SERVICE_SMTP_PORT=2525\n")
            environ = {**os.environ, "COUNTERPART_SERVICE_SMTP_HOST": "mail.example"}
            answers = {each: way(COUNTERPART, each.split(), folder, environ, SECONDS) for each in COMMANDS}
            told = {each: str(answer).replace(str(folder), "") for each, answer in answers.items()}
            modes = {path.relative_to(folder): path.stat().st_mode for path in folder.rglob("*")}
            seen.append((told, modes))
    finally:
        os.umask(usual)
    assert seen[0] == seen[1]
    assert [code for code, _, _ in answers.values()] == [0, 1, 1, 0, 0, 0]


def _opened(process: int) -> set[str]:
    try:
        return {os.readlink(each) for each in Path(f"/proc/{process}/fd").iterdir()}
    except FileNotFoundError:  # one was closed meanwhile
        return set()


def test_a_forked_command_has_no_files_of_its_servers_and_a_death_of_its_own(tmp_path: Path) -> None:
    """A command whose settings are a pipe waits until somebody writes them, which nobody does."""
    server, environ = forked.ForkServer(), dict(os.environ)
    os.mkfifo(tmp_path / "never.env")
    with open(os.devnull, "r+") as null:
        waiting = [COUNTERPART, "--settings", "never.env", "settings"]
        started = server.start(waiting, tmp_path, environ, [null.fileno()] * 3)
        alone = eventually(lambda: _opened(started.pid) == {os.devnull})
        with pytest.raises(subprocess.TimeoutExpired):
            started.wait(0.0)
        after = server.start([COUNTERPART, "--version"], tmp_path, environ, [null.fileno()] * 3)
        assert after.wait(SECONDS) == 0
    server.stop()
    assert alone
    assert not Path(f"/proc/{started.pid}").exists()


def test_what_matters_while_a_program_is_loaded_loads_it(tmp_path: Path) -> None:
    (tmp_path / "sqlalchemy.py").write_text("raise ImportError('broken')")
    environ = {**os.environ, "PYTHONPATH": str(tmp_path)}
    code, _, err = forked.run(COUNTERPART, ["ledger", "verify"], tmp_path, environ, SECONDS)
    assert (code, "A package that Counterpart needs can't be loaded: broken" in err) == (1, True)


def test_two_servers_take_turns_so_that_sets_are_ordered_anew(tmp_path: Path) -> None:
    servers = {next(forked._servers()) for _ in range(4)}
    assert len(servers) == 2
