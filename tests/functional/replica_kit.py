"""What tests of replicas share: comparing them entry by entry, waiting for them, making them miss things."""

import re
import secrets
import subprocess
import time
from collections.abc import Callable, Container
from dataclasses import replace

from dev.processes import find_program
from dev.servers import Slapd
from ldap_schema.directory import Directory, Service

PATIENCE = 45.0
NO_SUCH_OBJECT = 32


def as_service(slapd: Slapd, service: Service, *replicas: Slapd) -> Directory:
    """The gateway to that server, which reads from the replicas; whoever calls closes it."""
    uris = tuple(replica.uri for replica in replicas)
    return Directory.open(replace(slapd.settings(), replicas=uris, timeout=2.0), service)


def local(slapd: Slapd, program: str, *arguments: str, given: str = "", fine: Container[int] = (0,)) -> str:
    """Run one of the directory's own client programs as its administrator."""
    command = [program, "-Q", "-Y", "EXTERNAL", "-H", slapd.socket_uri, *arguments]
    done = subprocess.run(command, input=given, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode in fine, done.stderr
    return done.stdout


def entries(slapd: Slapd) -> dict[str, list[str]]:
    """Everything the running server has: DN -> its lines, operational attributes and hashes included."""
    search = ("-LLL", "-o", "ldif-wrap=no", "-b", slapd.suffix, "*", "+")
    text = local(slapd, "ldapsearch", *search, fine=(0, NO_SUCH_OBJECT))  # a replica that is still empty
    blocks = [block.splitlines() for block in text.strip().split("\n\n") if block]
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


def until_it_listens(provider: Slapd, *replicas: Slapd) -> None:
    """Wait until the replicas listen: a transaction that commits while one connects would pass it by
    (decision 0013). A single change does not, so its arrival shows that they do.
    """
    said = secrets.token_hex(8)
    dn = f"cn=anchor,ou=people,{provider.suffix}"
    change = f"dn: {dn}\nchangetype: modify\nreplace: description\ndescription: {said}\n"
    local(provider, "ldapmodify", given=change)
    for replica in replicas:
        heard = eventually(lambda: f"description: {said}" in entries(replica)[f"dn: {dn}"])  # noqa: B023
        assert heard


def cut_off(replica: Slapd) -> None:
    """The replica answers but hears nothing of its provider any more."""
    change = (
        "dn: olcDatabase={1}mdb,cn=config\nchangetype: modify\ndelete: olcSyncrepl\n-\ndelete: olcUpdateRef\n"
    )
    local(replica, "ldapmodify", given=change)


def passes_over(replica: Slapd, write: Callable[[], object]) -> None:
    """Leave the replica as slapd 2.5 leaves one that connects in the moment of a commit: it has the number of
    what was written and not the entries.
    """
    provider = replica.provider
    assert provider
    assert equal(provider, replica)
    before = csn(provider)
    assert eventually(lambda: csn(replica) == before)
    replica.stop()
    write()
    after = csn(provider)
    assert after > before
    refill(replica, lambda text: re.sub("(?m)^contextCSN: .*$", f"contextCSN: {after}", text))


def refill(slapd: Slapd, edit: Callable[[str], str], *options: str) -> None:
    """Dump the server's entries, change the text, fill it with that from empty, and start it."""
    slapd.stop()
    tool = ("-F", str(slapd.config), "-b", slapd.suffix)
    text = _run_tool("slapcat", *tool)
    for file in slapd.data.iterdir():
        file.unlink()
    _run_tool("slapadd", "-q", *options, *tool, given=edit(text))
    slapd.start()


def _run_tool(name: str, *arguments: str, given: str = "") -> str:
    command = [find_program(name, package="slapd"), *arguments]
    done = subprocess.run(command, input=given, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
