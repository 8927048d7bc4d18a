"""What tests of replicas share: a provider with replicas, comparing them entry by entry, waiting for them."""

import subprocess
import time
from collections.abc import Callable
from dataclasses import replace

from dev.servers import Slapd
from ldap_schema.directory import Directory, Service

PATIENCE = 15.0


def as_service(slapd: Slapd, service: Service, *replicas: Slapd) -> Directory:
    """The gateway to that server, which reads from the replicas; whoever calls closes it."""
    uris = tuple(replica.uri for replica in replicas)
    return Directory.open(replace(slapd.settings(), replicas=uris, timeout=2.0), service)


def local(slapd: Slapd, program: str, *arguments: str, given: str = "") -> str:
    """Run one of the directory's own client programs as its administrator."""
    command = [program, "-Q", "-Y", "EXTERNAL", "-H", slapd.socket_uri, *arguments]
    done = subprocess.run(command, input=given, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def entries(slapd: Slapd) -> dict[str, list[str]]:
    """Everything the running server has: DN -> its lines, operational attributes and hashes included."""
    text = local(slapd, "ldapsearch", "-LLL", "-o", "ldif-wrap=no", "-b", slapd.suffix, "*", "+")
    blocks = [block.splitlines() for block in text.strip().split("\n\n")]
    return {block[0]: sorted(line for line in block[1:] if _lasting(line)) for block in blocks}


def _lasting(line: str) -> bool:
    # The contextCSN of a running server stands in memory; hasSubordinates and the like are worked out.
    return not line.startswith(("contextCSN:", "subschemaSubentry:", "hasSubordinates:", "entryDN:"))


def eventually(fact: Callable[[], bool], seconds: float = PATIENCE) -> bool:
    deadline = time.monotonic() + seconds
    while not fact():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def csn(slapd: Slapd) -> str:
    """The server's change number."""
    text = local(
        slapd, "ldapsearch", "-LLL", "-o", "ldif-wrap=no", "-s", "base", "-b", slapd.suffix, "contextCSN"
    )
    return text.partition("contextCSN: ")[2].strip()


def equal(provider: Slapd, *replicas: Slapd) -> bool:
    """Whether all have the same entries with the same values, soon."""

    def same() -> bool:
        wanted = entries(provider)
        return all(entries(replica) == wanted for replica in replicas)

    return eventually(same)
