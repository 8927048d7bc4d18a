"""What a feed of 1,500 rows costs from file to receipt, beside OpenLDAP's own tool adding its entries."""

import csv
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

from counterpart.clock import system_clock
from dev.servers import MailCatcher, Redis, Slapd
from ldap_schema.clock import london_today
from tests.bench.measure import Row, cpu_of, program, show
from tests.functional.command_line import Installed

ROWS, BODIES, CHANGED = 1500, 100, 15
MAPPING = """
[feed]
id = "bench"
name = "Benchmark"
kind = "full"
[source]
file = "bench-{as_of}.csv"
[format]
type = "csv"
[identity]
key = ["Number"]
[person]
family_name = "Surname"
given_name = "Forename"
mail = "Mail"
sign_in_address = "Mail"
telephone = "Telephone"
[post]
title = "Title"
[organisation]
name = "Organisation"
create = true
sector = { value = "Healthcare" }
"""
BRANCHES = ("organisations", "people", "posts", "feeds")
BY_THE_FEED = "(!(cn=anchor))"  # that one stands in every empty tree


def write_rows(folder: Path, rows: int, days_ago: int, moved: int = 0) -> Path:
    """The file of a day; the first `moved` people have another telephone number than at first."""
    day = london_today(system_clock()) - timedelta(days=days_ago)
    path = folder / f"bench-{day}.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("Number", "Surname", "Forename", "Mail", "Telephone", "Title", "Organisation"))
        for number in range(rows):
            name = f"{_letters(number)}son"
            phone = f"020 7946 {number % 1000 if number >= moved else 1000 + number % 8000:04d}"
            trust = f"Trust {_letters(number % BODIES)}"
            writer.writerow(
                (number + 1, name, "Quill", f"{name}@health.example", phone, "Director of finance", trust)
            )
    return path


def _letters(number: int) -> str:
    """A name for a number: names of people hold no digits."""
    return "".join("bdfglmnprt"[int(digit)] + "a" for digit in f"{number:06d}").capitalize()


def ldapadd(
    slapd: Slapd, ldif: Path, environ: dict[str, str]
) -> tuple[list[str | Path], Path, dict[str, str]]:
    """OpenLDAP's tool as the account of the jobs, at the socket as they are."""
    account = ["-D", f"cn=sync,ou=services,{slapd.suffix}", "-y", str(slapd.settings().sync_password_file)]
    command: list[str | Path] = ["ldapadd", "-x", "-H", slapd.socket_uri, *account, "-f", ldif]
    return command, ldif.parent, {**environ, "LDAPTLS_CACERT": str(slapd.ca_file)}


def _cost(
    slapd: Slapd, command: list[str | Path], folder: Path, environ: dict[str, str]
) -> tuple[float, ...]:
    before = cpu_of(slapd)
    own, wall = program(command, folder, environ)
    return wall, own, 1000 * (cpu_of(slapd) - before)


def dump(slapd: Slapd, into: Path) -> Path:
    """Every entry that the feed made, as OpenLDAP's tools read and write it."""
    search = ["ldapsearch", "-Q", "-Y", "EXTERNAL", "-H", slapd.socket_uri, "-LLL", "-o", "ldif-wrap=no"]
    parts = [
        subprocess.run(
            [*search, "-s", "children", "-b", f"ou={branch},{slapd.suffix}", BY_THE_FEED],
            capture_output=True, text=True, check=True,
        ).stdout
        for branch in BRANCHES
    ]  # fmt: skip
    into.write_text("\n".join(parts))
    return into


@pytest.fixture
def empty_slapd(tmp_path: Path) -> Slapd:
    return Slapd(tmp_path / "second-slapd")


def test_a_feed_of_1500_rows(
    tmp_path: Path, fresh_slapd: Slapd, empty_slapd: Slapd, fresh_redis: Redis, mail_catcher: MailCatcher
) -> None:
    installed = Installed(tmp_path, fresh_slapd, fresh_redis, mail_catcher)
    installed.store().close()
    mapping = tmp_path / "bench.toml"
    mapping.write_text(MAPPING)

    def applied(what: str, days_ago: int, moved: int) -> Row:
        file = write_rows(tmp_path, ROWS, days_ago, moved)
        command: list[str | Path] = [installed.program, "sync", "apply", mapping, "--file", file]
        return Row(what, _cost(fresh_slapd, command, tmp_path, installed.environ))

    rows = [applied("sync apply: first load", 2, 0)]
    ldif = dump(fresh_slapd, tmp_path / "entries.ldif")
    rows.append(applied("sync apply: nothing changed", 1, 0))
    rows.append(applied(f"sync apply: {CHANGED} people changed", 0, CHANGED))
    with empty_slapd as other:
        alone = Row("ldapadd of the same entries", _cost(other, *ldapadd(other, ldif, installed.environ)))
    entries = ldif.read_text().count("\ndn: ") + 1
    note = f"{entries:,} entries. ldapadd sends each by itself: no plan, no guard, no way back halfway."
    show(f"Feed of {ROWS:,} rows: milliseconds", ("wall", "own CPU", "slapd CPU"), [alone, *rows], note)
