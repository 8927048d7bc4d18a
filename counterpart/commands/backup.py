"""`counterpart backup` and `counterpart restore`: directory and store in one file, and back."""

from dataclasses import asdict
from pathlib import Path

import click

from counterpart import backup as files
from counterpart.commands.common import Tools, as_json, counted, example, operator, pass_tools, show
from counterpart.secret_files import read_secret
from ldap_schema.server_files import ServerFiles
from store import ledger
from store.database import Store

NOT_IN_IT = "The store is a database server's and not in it: back it up with that server's own tools, now."


@click.command(epilog=example("counterpart backup /srv/backups/counterpart-2026-11-23.backup"))
@click.argument("file", type=click.Path(path_type=Path))
@as_json
@pass_tools
def backup(tools: Tools, file: Path, as_json: bool) -> None:
    """Put directory and store into one new FILE, while everything runs.

    Runs on the directory's own machine, as the account that slapd runs as, or root. The file is encrypted if
    COUNTERPART_SERVICE_BACKUP_KEY_FILE names a key. Keys and passwords of the service are not in it.
    """
    place = _place(tools)
    made = files.make(place, file, tools.clock())
    kind = "encrypted" if place.secret else "NOT encrypted"
    lines = [
        f"{file}: {counted(made.entries, 'entry', 'entries')} of the directory, {kind}.",
        "The store is in it." if made.store_version else NOT_IN_IT,
    ]
    show({"file": file.name, "encrypted": bool(place.secret), **asdict(made)}, "\n".join(lines), as_json)


@click.command(epilog=example("counterpart restore /srv/backups/counterpart-2026-11-23.backup"))
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--replace", is_flag=True, help="Put what is there now aside, instead of refusing.")
@as_json
@pass_tools
def restore(tools: Tools, file: Path, replace: bool, as_json: bool) -> None:
    """Bring directory and store back from FILE.

    Stop slapd, `counterpart serve` and `counterpart worker` first. The file is checked as a whole before
    anything is changed; then both come back, or neither.
    """
    place = _place(tools)
    now = tools.clock()
    near = place.directory.folder()
    with files.opened(file, place.secret, near) as (manifest, parts):
        aside = f"before-restore-{now:%Y%m%dT%H%M%S}"
        kept = files.restore(place, manifest, parts, replace=replace, aside=aside)
    if place.store and manifest.store_version:
        with tools.store.transaction() as tx:
            ledger.append(tx, "backup restored", operator(), "directory", {"made": manifest.made_at}, now)
    lines = [
        f"{counted(manifest.entries, 'entry', 'entries')} of {manifest.made_at} are back.",
        *(f"What was there before is kept in {path}; delete it when it is not needed." for path in kept),
        "Start slapd now, and fill every replica anew before it is started.",
        "Then `counterpart person erase --replay` erases again whoever was erased since the backup.",
    ]
    data = {"kept": [str(path) for path in kept], **asdict(manifest)}
    show(data, "\n".join(lines), as_json)


def _place(tools: Tools) -> files.Place:
    settings = tools.settings
    directory, key = settings.directory, settings.service.backup_key_file
    store = Store.open(settings.store)
    try:
        file = store.file
    finally:
        store.close()
    return files.Place(
        directory=ServerFiles(directory.server_program, directory.server_config, directory.suffix),
        suffix=directory.suffix,
        store=file,
        secret=read_secret(Path(key)) if key else b"",
    )
