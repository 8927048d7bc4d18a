"""A freshly loaded feed, read through every channel: closed by default, and the same for each of them."""

import csv
import json
import re
import subprocess

import pytest

from dev.house import House
from tests.functional.visitor import Visitor, sign_in

ISOLDE = "isolde.marchbank@rivers-and-coasts.example"
TAMSIN = "tamsin.okonjo-reed@northmere.police.example"


@pytest.fixture(scope="module")
def leader(house: House) -> Visitor:
    """A permanent secretary, who has nothing to do with the police force she looks at."""
    visitor = Visitor(house.settings.portal_url)
    assert sign_in(visitor, ISOLDE).status == 200
    return visitor


@pytest.fixture(scope="module")
def chief(house: House) -> dict[str, str]:
    """The chief constable's row as the force's HR system sent it."""
    (file,) = (house.settings.var / "feeds").glob("northmere-constabulary-*.csv")
    rows = csv.DictReader(file.read_text("cp1252").splitlines(), delimiter=";")
    return next(row for row in rows if row["Login"] == TAMSIN)


@pytest.fixture(scope="module")
def profile_url(leader: Visitor) -> str:
    results = json.loads(leader.get("/search?q=okonjo", Accept="application/json").text)["results"]
    return f"/people/{results[0]['uid']}"


@pytest.fixture(scope="module")
def mail_program(house: House, leader: Visitor) -> list[str]:
    """The arguments with which `ldapsearch` signs in as the leader's mail program."""
    page = leader.submit(leader.get("/devices"), "label", label="Thunderbird on my desk")
    found = re.findall(r"<code[^>]*>([^<]+)</code>", page.text)
    bind_dn = next(text for text in found if text.startswith("uid="))
    base = next(text for text in found if text.startswith("ou=people"))
    return ["ldapsearch", "-LLL", "-x", "-D", bind_dn, "-w", found[0], "-b", base]


def ask(house: House, program: list[str], *query: str, uri: str = "") -> subprocess.CompletedProcess[str]:
    """Ask the directory over StartTLS, as the README says."""
    secure = [] if uri else ["-ZZ"]
    return subprocess.run(
        [*program[:1], *secure, "-H", uri or house.slapd.uri, *program[1:], *query],
        env={"LDAPTLS_CACERT": str(house.slapd.ca_file), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )


def digits(text: str) -> str:
    return re.sub(r"\D", "", text)


def national(number: str) -> str:
    """The last nine digits, which every way of writing a number has in common."""
    return digits(number)[-9:]


def test_the_portal_shows_work_mail_and_office_line_and_never_the_mobile(
    leader: Visitor, chief: dict[str, str], profile_url: str
) -> None:
    for url, kind in [
        (profile_url, "text/html"),
        (profile_url + ".vcf", "text/vcard"),
        ("/search?q=okonjo", "text/html"),
        ("/search?q=okonjo", "application/json"),
        (profile_url + "/write", "text/html"),
    ]:
        answer = leader.get(url, Accept=kind)
        assert answer.status == 200, url
        assert "Okonjo" in answer.text, url
        assert national(chief["Mob"]) not in digits(answer.text), f"{url} as {kind} shows the mobile number"
        for hidden in ("DOB", "NI No", "Date of Birth"):
            assert not chief.get(hidden) or chief[hidden] not in answer.text, f"{url} shows {hidden}"
    for url in (profile_url, profile_url + ".vcf"):
        text = leader.get(url).text
        assert chief["Email"] in text
        assert national(chief["Tel"]) in digits(text)


def test_a_mail_program_gets_what_its_owner_sees(
    house: House, mail_program: list[str], chief: dict[str, str]
) -> None:
    for uri in ("", house.slapd.ldaps_uri):
        answer = ask(house, mail_program, "(sn=okonjo*)", uri=uri)
        assert answer.returncode == 0, answer.stderr
        assert f"mail: {chief['Email']}" in answer.stdout
        assert national(chief["Tel"]) in digits(answer.stdout)
        assert "mobile" not in answer.stdout
        assert not re.search(r"^nlc", answer.stdout, re.MULTILINE), (
            "our own attributes are not for mail programs"
        )


def test_a_concealed_number_cannot_be_found_by_asking_for_it(
    house: House, leader: Visitor, mail_program: list[str], chief: dict[str, str]
) -> None:
    assert "cn:" in ask(house, mail_program, "(sn=okonjo*)", "cn").stdout  # the control: she can be found
    for query in ("(mobile=*)", f"(mobile=*{national(chief['Mob'])})", "(nlcShow=*)", "(nlcSignInAddress=*)"):
        found = set(re.findall(r"^cn: (.*)", ask(house, mail_program, query, "cn").stdout, re.MULTILINE))
        assert found <= {"Isolde Marchbank"}, f"{query} finds others than the asker"
    by_number = json.loads(leader.get(f"/search?q={national(chief['Mob'])}", Accept="application/json").text)
    assert by_number["total"] == 0


def test_nobody_reads_without_a_credential_or_over_a_cleartext_connection(
    house: House, mail_program: list[str]
) -> None:
    assert ask(house, mail_program, "(sn=okonjo*)").returncode == 0  # the control
    anonymous = [mail_program[0], "-LLL", "-x", *mail_program[-2:]]
    assert ask(house, anonymous, "(sn=okonjo*)").returncode != 0
    clear = subprocess.run(
        [mail_program[0], "-H", house.slapd.uri, *mail_program[1:], "(sn=okonjo*)"],
        capture_output=True, text=True, check=False, timeout=30,
    )  # fmt: skip
    assert clear.returncode == 13  # confidentiality required (RFC 4511, section 4.1.9)
    assert "cn:" not in clear.stdout


def test_a_revoked_device_is_refused_at_once(house: House, leader: Visitor) -> None:
    page = leader.submit(leader.get("/devices"), "label", label="Lost laptop")
    found = re.findall(r"<code[^>]*>([^<]+)</code>", page.text)
    bind_dn = next(text for text in found if text.startswith("uid="))
    program = [
        "ldapsearch",
        "-LLL",
        "-x",
        "-D",
        bind_dn,
        "-w",
        found[0],
        "-b",
        "ou=people,dc=leaders,dc=gov,dc=uk",
    ]
    assert ask(house, program, "(sn=okonjo*)", "cn").returncode == 0
    device = bind_dn.split(",")[0].removeprefix("uid=")
    token = leader.get("/devices").form("label").fields["csrf_token"]
    leader.post(
        f"/devices/{device}/remove", {"csrf_token": token}, Referer=house.settings.portal_url + "/devices"
    )
    assert ask(house, program, "(sn=okonjo*)", "cn").returncode == 49  # invalid credentials


def test_what_is_concealed_is_really_there(house: House, chief: dict[str, str]) -> None:
    """The control for all of the above: the number was taken in, and its owner sees it."""
    owner = Visitor(house.settings.portal_url)
    page = sign_in(owner, TAMSIN)
    (own,) = set(re.findall(r'href="(/people/[^"/]+)"', page.text))
    assert national(chief["Mob"]) in digits(owner.get(own).text)
