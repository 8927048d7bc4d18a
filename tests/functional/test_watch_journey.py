"""In a running house: a device copies the directory, the worker stops it, its owner restores it."""

import re
import string
import subprocess
import time

from dev.house import House
from tests.functional.visitor import Visitor, sign_in

TAMSIN = "tamsin.okonjo-reed@northmere.police.example"
INVALID_CREDENTIALS = 49
SECONDS = 30.0


def search(house: House, bind_dn: str, password: str, base: str, filter_: str) -> int:
    """Ask as a mail program does, and return LDAP's result code."""
    command = [
        "ldapsearch",
        "-LLL",
        "-x",
        "-H",
        house.slapd.ldaps_uri,
        "-D",
        bind_dn,
        "-w",
        password,
        "-b",
        base,
    ]
    environ = {"LDAPTLS_CACERT": str(house.slapd.ca_file), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        [*command, filter_, "cn"], env=environ, capture_output=True, check=False, timeout=30
    )
    return done.returncode


def test_a_copying_device_is_stopped_by_the_worker_and_restored_by_its_owner(
    house: House, visitor: Visitor
) -> None:
    assert sign_in(visitor, TAMSIN).status == 200
    page = visitor.submit(visitor.get("/devices"), "label", label="Borrowed laptop")
    codes = re.findall(r"<code[^>]*>([^<]+)</code>", page.text)
    bind_dn = next(code for code in codes if code.startswith("uid="))
    base = next(code for code in codes if code.startswith("ou=people"))
    way = (house, bind_dn, codes[0], base)
    assert search(*way, "(sn=okonjo*)") == 0
    for letter in string.ascii_lowercase:
        if search(*way, f"(cn={letter}*)") == INVALID_CREDENTIALS:
            break  # the worker was quicker than we
    until = time.monotonic() + SECONDS
    while (code := search(*way, "(sn=okonjo*)")) != INVALID_CREDENTIALS:
        assert time.monotonic() < until, f"not suspended after {SECONDS:.0f} seconds, last answer {code}"
        time.sleep(0.2)
    mail = house.mail.wait_for(lambda message: message["Subject"] == "A mail program of yours was suspended")
    assert "Borrowed laptop" in mail.get_content()
    devices = visitor.get("/devices")
    assert "Suspended" in devices.text
    [id_] = re.findall(r"/devices/(\w+)/restore", devices.text)
    fields = {"csrf_token": devices.form("csrf_token").fields["csrf_token"]}
    visitor.post(f"/devices/{id_}/restore", fields, Referer=devices.url)
    assert search(*way, "(sn=okonjo*)") == 0
