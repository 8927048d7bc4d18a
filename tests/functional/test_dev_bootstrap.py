"""What `dev/bootstrap` decides where things are missing; the programs it calls are stood in for."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# What the script itself needs of a system; everything else is missing unless a test puts it there.
# What four of the packages bring, in their order; apache2 comes with two of them.
CAUSED = "slapd apache2 apache2 roundcube-cleandb.timer roundcube-gc.timer dbus"
BASICS = ("sh", "cat", "cksum", "dirname", "grep", "id")


class Machine:
    """A copy of the bootstrap beside a folder that is all of its PATH."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.programs = folder / "programs"
        self.programs.mkdir()
        (folder / "dev").mkdir()
        shutil.copy(ROOT / "dev" / "bootstrap", folder / "dev" / "bootstrap")
        for name in BASICS:
            found = shutil.which(name)
            assert found
            (self.programs / name).symlink_to(found)

    def has(self, name: str, script: str = "") -> None:
        """Put a program there that writes down how it was called, then does what the script says."""
        program = self.programs / name
        program.unlink(missing_ok=True)
        program.write_text(f'#!/bin/sh\necho "{name} $*" >>"{self.folder}/calls"\n{script}\n')
        program.chmod(0o755)

    def calls(self) -> str:
        calls = self.folder / "calls"
        return calls.read_text() if calls.exists() else ""

    def bootstrap(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.folder / "dev" / "bootstrap"), *arguments],
            env={"PATH": str(self.programs), **environ},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine with apt-get and sudo, used by an ordinary account, on which nothing is installed."""
    made = Machine(tmp_path)
    made.has("apt-get")
    made.has("apt-cache")
    made.has("id", "echo 1000")
    made.has("sudo")
    return made


def test_it_names_the_packages_and_installs_nothing_when_nobody_can_be_asked(machine: Machine) -> None:
    done = machine.bootstrap()
    assert done.returncode == 1
    assert "redis-server" in done.stdout
    assert "YES=1" in done.stderr
    assert "sudo" not in machine.calls()


def test_yes_installs_what_is_missing_and_only_that(machine: Machine) -> None:
    machine.has("redis-server")
    machine.bootstrap(YES="1")
    call = next(line for line in machine.calls().splitlines() if line.startswith("sudo"))
    assert "--as-root" in call
    assert "ldap-utils" in call
    assert "redis-server" not in call
    assert "chromium" not in call


def test_the_browser_is_only_asked_for_by_the_tests(machine: Machine) -> None:
    machine.bootstrap("--tests", YES="1")
    assert "chromium" in machine.calls()


def test_what_ours_is_measured_beside_is_only_asked_for_by_the_bench(machine: Machine) -> None:
    machine.bootstrap("--test-all", YES="1")
    assert "mod-shib" not in machine.calls()
    machine.bootstrap("--bench", YES="1")
    assert "libapache2-mod-shib" in machine.calls()


def test_a_browser_of_another_name_will_do(machine: Machine) -> None:
    machine.has("google-chrome")
    machine.bootstrap("--tests", YES="1")
    assert "chromium" not in machine.calls()


def test_without_sudo_it_says_what_root_must_run(machine: Machine) -> None:
    (machine.programs / "sudo").unlink()
    done = machine.bootstrap(YES="1")
    assert done.returncode == 1
    assert "As root, run: apt-get install" in done.stderr


def test_without_apt_it_says_what_is_needed(machine: Machine) -> None:
    (machine.programs / "apt-get").unlink()
    done = machine.bootstrap(YES="1")
    assert done.returncode == 1
    assert "no apt-get" in done.stderr
    assert "redis-server" in done.stderr


def test_a_python_of_another_name_will_do(machine: Machine) -> None:
    machine.has("python3", "exit 0")
    machine.bootstrap(YES="1")
    assert "python3.11-venv" not in machine.calls()
    assert "--clear .venv" in machine.calls()


def test_a_python_without_venv_is_not_enough(machine: Machine) -> None:
    machine.has("python3", "exit 1")
    done = machine.bootstrap(YES="1")
    assert "python3.11-venv" in machine.calls()
    assert done.returncode == 1
    assert "Python 3.11 or later" in done.stderr


@pytest.mark.parametrize(("there", "caused"), [("exit 1", CAUSED), ("exit 0", "")])
def test_services_that_come_with_packages_are_known_unless_they_were_there_before(
    machine: Machine, there: str, caused: str
) -> None:
    """What is printed is switched off after the installation; two of these depend on a web server."""
    machine.has("dpkg", there)
    script = (ROOT / "dev" / "bootstrap").read_text()
    functions = script[script.index("services_we_cause() {") : script.index("# A package's script may start")]
    packages = "slapd ldap-utils simplesamlphp roundcube-core evolution-data-server"
    call = f"{functions} services_we_cause {packages}"
    done = subprocess.run(
        ["/bin/sh", "-c", call],
        env={"PATH": str(machine.programs)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == caused
