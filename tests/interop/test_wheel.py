"""The packaged product works by itself: its wheel, in a clean virtual environment, far from the checkout.

It installs what requirements/base.txt pins, so it needs a package index or a filled cache of pip's.
"""

import re
import shutil
import subprocess
import sys
import urllib.request
import venv
import zipfile
from pathlib import Path

import pytest

from dev.servers import MailCatcher, Redis, Slapd
from tests.functional.command_line import Installed
from tests.rules.source import PACKAGES, ROOT

pytestmark = [pytest.mark.third_party, pytest.mark.timeout(900)]

PACKAGED = {*PACKAGES, "templates"} - {"dev"}
BUILT = "app/static/govuk"  # GOV.UK Frontend, fetched and never committed
MARK = "<!-- this page comes from the wheel -->"


def _run(*command: str | Path, folder: Path) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _tracked() -> list[str]:
    """Every file of the checkout but what git ignores: tracked, or about to be."""
    listed = _run("git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", folder=ROOT)
    return [name for name in listed.split("\0") if (ROOT / name).is_file()]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy of what is tracked and with one page marked."""
    copy = tmp_path_factory.mktemp("source")
    for name in _tracked():
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, copy / name)
    shutil.copytree(ROOT / BUILT, copy / BUILT)
    footer = copy / "templates" / "parts" / "_footer.html"
    footer.write_text(footer.read_text() + MARK)
    _run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", "dist", ".", folder=copy)
    [built] = (copy / "dist").glob("*.whl")
    return built


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clean virtual environment with the pinned packages and the wheel; its folder of programs."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=True)
    pip = folder / "bin" / "pip"
    _run(pip, "install", "--require-hashes", "-r", ROOT / "requirements" / "base.txt", folder=folder)
    _run(pip, "install", "--no-deps", wheel, folder=folder)
    _run(pip, "check", folder=folder)
    return folder / "bin"


@pytest.fixture
def installed(
    environment: Path, tmp_path: Path, slapd: Slapd, fresh_redis: Redis, mail_catcher: MailCatcher
) -> Installed:
    made = Installed(tmp_path, slapd, fresh_redis, mail_catcher, environment / "counterpart")
    assert made.run("migrate").code == 0
    return made


def _ask(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - our own
        assert answer.status == 200
        return str(answer.read().decode())


def test_the_wheel_holds_every_file_of_its_packages_and_no_other_package(wheel: Path) -> None:
    held = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    wanted = {name for name in _tracked() if name.split("/")[0] in PACKAGED}
    assert wanted - held == set()
    assert {name.split("/")[0] for name in held} == PACKAGED
    built = {str(path.relative_to(ROOT)) for path in (ROOT / BUILT).rglob("[!.]*") if path.is_file()}
    assert built - held == set()


def test_the_portal_is_served_from_the_wheel(installed: Installed) -> None:
    port = installed.house.portal_port
    with installed.start("portal", "serve", "--port", str(port), port=port):
        page = _ask(f"http://localhost:{port}/")
        styles = re.search(r'href="(/static/styles\.css[^"]*)"', page)
        assert styles
        assert "govuk-button" in _ask(f"http://localhost:{port}{styles[1]}")
    assert MARK in page
    assert re.search(r"<title>\s*\S[^<]*Counterpart", page)
    assert len(re.findall(r"<h1[\s>]", page)) == 1


def test_doctor_finds_nothing_wrong_with_what_was_installed(installed: Installed) -> None:
    checks = {check["name"]: check["problems"] for check in installed.run("doctor", "--json").data["checks"]}
    # Nobody runs a worker or a follower here, and no identity provider is registered.
    assert [name for name, problems in checks.items() if problems] == ["mail", "providers", "search index"]
    assert "worker has never run" in checks["mail"][0]["what"]


def test_the_directory_of_the_wheel_is_complete(environment: Path, tmp_path: Path) -> None:
    words = (
        "from ldap_schema.configure import ACCOUNTS, tree_ldif\n"
        "print(tree_ldif('dc=x,dc=y', dict.fromkeys(ACCOUNTS, 'x')))"
    )
    assert "dn: dc=x,dc=y" in _run(environment / "python", "-c", words, folder=tmp_path)
