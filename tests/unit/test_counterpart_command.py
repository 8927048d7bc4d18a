"""The command line: help that fits and shows examples, failures in one sentence, documented exit codes."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from counterpart.command import COMMANDS, root, run
from counterpart.exit_codes import DONE, OTHER
from store.database import Store
from store.migration import migrate
from store.settings import StoreSettings


def every_command() -> Iterator[tuple[str, click.Command]]:
    context = click.Context(root)
    for name in COMMANDS:
        command = root.get_command(context, name)
        assert command is not None
        yield from _within(name, command)


def _within(name: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    if not isinstance(command, click.Group):
        yield name, command
        return
    for inner, found in command.commands.items():
        yield from _within(f"{name} {inner}", found)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def database(folder: Path) -> Path:
    store = Store.open(StoreSettings(url="sqlite:///var/counterpart.db"))
    migrate(store)
    store.close()
    return folder / "var" / "counterpart.db"


@pytest.mark.parametrize(
    ("name", "command"),
    list(every_command()),
    ids=lambda value: value.replace(" ", "-") if isinstance(value, str) else "",
)
def test_every_command_takes_json_and_shows_an_example(
    name: str, command: click.Command, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*name.split(), "--help"]) == DONE
    shown = capsys.readouterr().out
    assert "--json" in shown
    assert "Example:" in shown
    assert f"counterpart {name}" in shown.partition("Example:")[2]
    assert max(map(len, shown.splitlines())) <= 80


@pytest.mark.parametrize("name", COMMANDS)
def test_the_first_help_says_of_a_command_what_its_own_help_says(name: str) -> None:
    command = root.get_command(click.Context(root), name)
    assert command is not None
    assert COMMANDS[name][1].rstrip(".") == command.get_short_help_str(limit=100).rstrip(".")


@pytest.mark.parametrize("group", ["", *sorted(name for name in COMMANDS if name != "serve")])
def test_help_cuts_no_sentence_short(group: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*group.split(), "--help"]) == DONE
    listed = capsys.readouterr().out.partition("Commands:")[2]
    assert [line for line in listed.splitlines() if line.endswith("...") or len(line) > 80] == []


@pytest.mark.parametrize(
    "arguments", [[], ["bogus"], ["sync", "plan"], ["serve", "--port", "x"], ["idp", "bogus"]]
)
def test_a_mistyped_command_never_looks_like_planned_changes(arguments: list[str]) -> None:
    assert run(arguments) == OTHER  # click's own code is 2


def test_a_misspelt_setting_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COUNTERPART_STORE_TIMOUT", "3")
    assert run(["ledger", "verify"]) == OTHER
    assert capsys.readouterr().err == (
        "There is no setting COUNTERPART_STORE_TIMOUT. Did you mean COUNTERPART_STORE_TIMEOUT?\n"
    )


def test_a_settings_file_can_be_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "mine.env").write_text("COUNTERPART_SERVICE_SMTP_PORT=2525\n")
    assert run(["--settings", "mine.env", "settings"]) == DONE
    assert "COUNTERPART_SERVICE_SMTP_PORT=2525   (default: 25)" in capsys.readouterr().out


def test_without_a_store_the_way_out_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["ledger", "verify"]) == OTHER
    assert "Run `counterpart migrate`" in capsys.readouterr().err


def test_migrating_makes_the_store(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["migrate"]) == DONE
    assert run(["migrate"]) == DONE
    assert run(["ledger", "verify"]) == DONE
    assert "The ledger holds: 0 entries." in capsys.readouterr().out


def test_a_broken_ledger_leaves_with_one(database: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with sqlite3.connect(database) as connection:
        connection.execute("INSERT INTO ledger VALUES (1, 'now', 'x', 'y', 'z', '{}', 'a', 'b')")
    connection.close()
    assert run(["ledger", "verify"]) == OTHER
    assert "does not hold from entry 1" in capsys.readouterr().out


def test_what_nobody_foresaw_is_a_reference_here_and_a_traceback_in_the_log(
    database: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with sqlite3.connect(database) as connection:
        connection.execute("INSERT INTO ledger VALUES (1, 'now', 'x', 'y', 'z', 'not JSON', 'a', 'b')")
    connection.close()

    assert run(["ledger", "show"]) == OTHER
    told = capsys.readouterr()
    assert "Traceback" not in told.out + told.err
    reference = told.err.split("under ")[1].split(";")[0]
    log = folder / "var" / "log" / "counterpart.log"
    assert reference in log.read_text()
    assert "JSONDecodeError" in log.read_text()
    assert oct(log.stat().st_mode & 0o777) == "0o600"


def test_a_folder_that_can_not_be_written_is_said(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "var").write_text("in the way")
    assert run(["migrate"]) == OTHER
    assert "can't be made" in capsys.readouterr().err


@pytest.mark.parametrize("noted", ["x", "1:abc", "\u0663:" + "a" * 64, "9" * 5000 + ":" + "a" * 64])
def test_a_seal_that_is_none_is_refused(
    database: Path, noted: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["ledger", "verify", "--noted", noted]) == OTHER
    assert "A seal looks like" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", [(), ("--due", "x.toml"), ("x.toml", "--mappings", "."), ("--due", "--file", "x")]
)
def test_a_run_is_of_one_feed_or_of_all_that_are_due(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["sync", "run", *arguments]) == OTHER
    assert "Give a FEED, or --due without one" in capsys.readouterr().err
