"""A private OpenSSH server on loopback for one account (ours), as a sender of HR files has one."""

import getpass
import subprocess
from pathlib import Path

from dev.processes import Process, find_program, free_port

_CONFIG = """\
ListenAddress 127.0.0.1
Port {port}
HostKey {folder}/host_key
PidFile none
AuthorizedKeysFile {folder}/authorized_keys
PubkeyAuthentication yes
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
StrictModes no
AllowUsers {user}
PermitRootLogin prohibit-password
Subsystem sftp internal-sftp
ForceCommand internal-sftp
AllowTcpForwarding no
X11Forwarding no
PermitTTY no
"""


class SSHServer(Process):
    """SFTP only, with a key of its own and one client key; files are served from `files`."""

    def __init__(self, folder: Path) -> None:
        folder = folder.absolute()
        self.port = free_port()
        self.files = folder / "files"
        self.client_key = folder / "client_key"
        self.known_hosts = folder / "known_hosts"
        self.user = getpass.getuser()
        super().__init__("sshd", (), folder, ports={self.port: ""})

    def _prepare(self) -> None:
        program = find_program("sshd", package="openssh-server")
        self.files.mkdir(exist_ok=True)
        for name in ("host_key", "client_key"):
            if not (self.folder / name).exists():
                make_key(self.folder / name)
        (self.folder / "authorized_keys").write_text((self.folder / "client_key.pub").read_text())
        self.known_hosts.write_text(self.known_line("127.0.0.1"))
        config = self.folder / "sshd_config"
        config.write_text(_CONFIG.format(port=self.port, folder=self.folder, user=self.user))
        _make_separation_folder()
        self.command = [program, "-D", "-e", "-f", config]

    def known_line(self, host: str) -> str:
        """The server's key as a line of a known_hosts file."""
        kind, key, *_ = (self.folder / "host_key.pub").read_text().split()
        return f"[{host}]:{self.port} {kind} {key}\n"

    def change_host_key(self) -> None:
        """Take another key from the next start on, as a replaced server has; known_hosts stays as it is."""
        for name in ("host_key", "host_key.pub"):
            (self.folder / name).unlink()
        make_key(self.folder / "host_key")


def make_key(path: Path) -> None:
    """Make a key pair without a passphrase."""
    program = find_program("ssh-keygen", package="openssh-client")
    command = [str(program), "-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", str(path)]
    subprocess.run(command, check=True, capture_output=True)


def _make_separation_folder() -> None:
    """Make what sshd insists on when root starts it; Debian's own unit does the same."""
    folder = Path("/run/sshd")
    if not folder.exists() and Path("/run").stat().st_uid == Path("/proc/self").stat().st_uid:
        folder.mkdir(mode=0o755)
