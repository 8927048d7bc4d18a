"""What Microsoft Entra and Okta really send, and the corners of the protocol."""

from collections.abc import Iterator
from typing import Any

import pytest

from dev.servers import Redis, Slapd
from tests.conftest import migrated_store
from tests.scim_kit import ENTERPRISE, LEADER, USER, Pushing, pushing, scim_portal, user

Operation = dict[str, Any]


@pytest.fixture(scope="module")
def push(slapd: Slapd, redis_server: Redis, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pushing]:
    folder = tmp_path_factory.mktemp("scim")
    with migrated_store(folder) as store, scim_portal(slapd, redis_server, store, folder) as portal:
        yield pushing(portal, folder)


WORK = 'emails[type eq "work"].value'
SAID: list[tuple[str, Operation, str, Any]] = [
    ("active as a text", {"op": "Replace", "path": "active", "value": "False"}, "active", False),
    ("active as a text in an object", {"op": "replace", "value": {"active": "false"}}, "active", False),
    ("active as a boolean", {"op": "replace", "value": {"active": False}}, "active", False),
    ("a capital letter", {"op": "Replace", "path": "title", "value": "Chief"}, "title", "Chief"),
    ("add of a single value", {"op": "Add", "path": "title", "value": "Chief"}, "title", "Chief"),
    ("no path", {"op": "replace", "value": {"title": "Chief"}}, "title", "Chief"),
    ("a dotted key", {"op": "Replace", "value": {"name.familyName": "Vale"}}, "name.familyName", "Vale"),
    (
        "a dotted path",
        {"op": "Replace", "path": "name.familyName", "value": "Vale"},
        "name.familyName",
        "Vale",
    ),
    (
        "a URN as key",
        {"op": "Add", "value": {f"{LEADER}:role": "chief executive"}},
        f"{LEADER}.role",
        "chief executive",
    ),
    (
        "a URN in the path",
        {"op": "Add", "path": f"{ENTERPRISE}:department", "value": "Docks"},
        f"{ENTERPRISE}.department",
        "Docks",
    ),
    (
        "a filter that fits",
        {"op": "Replace", "path": WORK, "value": "new@harbour.example"},
        "emails.0.value",
        "new@harbour.example",
    ),
    (
        "primary as a text",
        {"op": "Replace", "path": 'emails[primary eq "True"].value', "value": "new@harbour.example"},
        "emails.0.value",
        "new@harbour.example",
    ),
    (
        "a filter that fits nothing yet",
        {"op": "Add", "path": 'phoneNumbers[type eq "mobile"].value', "value": "07700 900123"},
        "phoneNumbers.0.value",
        "07700 900123",
    ),
    (
        "an address that is not there yet",
        {"op": "Add", "path": 'addresses[type eq "work"].region', "value": "London"},
        "addresses.0.region",
        "London",
    ),
    ("a remove", {"op": "Remove", "path": "title"}, "title", None),
    ("an empty text", {"op": "Replace", "path": "title", "value": ""}, "title", None),
    ("null", {"op": "Replace", "path": "title", "value": None}, "title", None),
    (
        "a manager as a bare text",
        {"op": "Add", "path": f"{ENTERPRISE}:manager", "value": "m2"},
        "active",
        True,
    ),
    (
        "a manager as an object",
        {"op": "Add", "path": f"{ENTERPRISE}:manager", "value": {"value": "m2"}},
        "active",
        True,
    ),
    ("a manager as a key", {"op": "Add", "value": {f"{ENTERPRISE}:manager": "m2"}}, "active", True),
    ("an unknown extension", {"op": "Add", "path": "urn:acme:2.0:User:shoe", "value": "9"}, "active", True),
    ("an unknown attribute", {"op": "Replace", "path": "shoeSize", "value": "9"}, "active", True),
    ("a password", {"op": "Replace", "path": "password", "value": "hunter2-hunter2"}, "active", True),
    (
        "a filter on what is not taken",
        {"op": "Add", "path": 'roles[primary eq "True"].value', "value": "x"},
        "active",
        True,
    ),
]


def _at(resource: dict[str, Any], path: str) -> Any:
    found: Any = resource
    if path.startswith("urn:"):
        urn, _, path = path.rpartition(".")
        found = resource[urn]
    for step in path.split("."):
        found = found[int(step)] if step.isdigit() else (found or {}).get(step)
    return found or (False if found is False else None)


@pytest.mark.parametrize(
    ("operation", "path", "value"), [each[1:] for each in SAID], ids=[each[0] for each in SAID]
)
def test_a_patch_as_clients_write_it_answers_200_with_what_is_there_now(
    push: Pushing, operation: Operation, path: str, value: Any
) -> None:
    created = push.create()
    answer = push.patch(created["id"], operation)
    assert answer.status_code == 200, answer.text
    assert _at(answer.json, path) == value
    assert _at(push.seen(created["id"]), path) == value
    assert answer.headers["ETag"] == answer.json["meta"]["version"]


def test_several_operations_in_one_patch_are_all_done(push: Pushing) -> None:
    created = push.create()
    answer = push.patch(
        created["id"],
        {"op": "Replace", "path": "name.givenName", "value": "Bram"},
        {"op": "Add", "path": 'phoneNumbers[type eq "work"].value', "value": "020 7946 0001"},
        {"op": "Replace", "path": "active", "value": "False"},
    )
    assert answer.json["name"]["givenName"] == "Bram"
    assert answer.json["phoneNumbers"] == [{"type": "work", "value": "020 7946 0001"}]
    assert answer.json["active"] is False


def test_entra_creates_somebody_with_everything_it_has_and_only_what_is_mapped_is_kept(push: Pushing) -> None:
    sent = user(
        schemas=[USER, ENTERPRISE, "urn:ietf:params:scim:schemas:extension:Acme:2.0:User"],
        active="True",
        roles=[],
        nickName="",
        meta={"resourceType": "User"},
        emails=[
            {"primary": True, "type": "work", "value": "ada@harbour.example"},
            {"type": "home", "value": "private@home.example"},
        ],
        addresses=[{"type": "work", "region": "London", "streetAddress": "1 Private Road"}],
    )
    sent["urn:ietf:params:scim:schemas:extension:Acme:2.0:User"] = {"salary": "999999"}
    sent[ENTERPRISE] |= {"manager": "m1", "costCenter": "C-77"}
    answer = push.send("POST", "/Users", sent, Content_Type="application/json; charset=utf-8")
    assert answer.status_code == 201, answer.text
    assert answer.headers["Location"].endswith(f"{push.base}/Users/{answer.json['id']}")
    stored = push.directory.scim_snapshots.record(push.feed, answer.json["id"]).resource
    for private in ("999999", "private@home", "Private Road", "C-77", "m1", "nickName"):
        assert private not in stored
        assert private not in answer.text
    assert "ada@harbour.example" in stored


def test_okta_creates_somebody_with_a_password_that_is_neither_kept_nor_told(push: Pushing) -> None:
    answer = push.send(
        "POST", "/Users", user(password="Aa1-very-secret", groups=[], locale="en-GB", displayName="Ada Quill")
    )
    assert answer.status_code == 201
    assert "very-secret" not in answer.text
    assert "very-secret" not in push.directory.scim_snapshots.record(push.feed, answer.json["id"]).resource


def test_okta_looks_first_and_finds_nobody(push: Pushing) -> None:
    answer = push.send("GET", '/Users?filter=userName eq "nobody@harbour.example"&startIndex=1&count=100')
    assert answer.status_code == 200
    assert answer.json["totalResults"] == 0
    assert "Resources" not in (answer.json or {}) or answer.json["Resources"] == []


def test_a_put_replaces_what_is_there(push: Pushing) -> None:
    created = push.create(title="Director of Locks")
    sent = {name: value for name, value in created.items() if name not in ("meta", "title")}
    answer = push.send("PUT", f"/Users/{created['id']}", {**sent, "name": {"familyName": "Vale"}})
    assert answer.status_code == 200
    assert answer.json["name"] == {"familyName": "Vale"}
    assert "title" not in answer.json


def test_a_user_name_is_unique_whatever_its_case_and_found_whatever_its_case(push: Pushing) -> None:
    created = push.create(userName="Ada.Quill@Harbour.example")
    answer = push.send("POST", "/Users", user(userName="ada.quill@HARBOUR.example"))
    assert answer.status_code == 409
    assert answer.json["scimType"] == "uniqueness"
    assert answer.json["status"] == "409"
    found = push.send("GET", '/Users?filter=USERNAME eq "ADA.QUILL@harbour.example"').json
    assert [each["id"] for each in found["Resources"]] == [created["id"]]
    assert found["Resources"][0]["userName"] == "Ada.Quill@Harbour.example"
    other = push.create()
    taken = push.patch(
        other["id"], {"op": "replace", "path": "userName", "value": "ADA.quill@harbour.example"}
    )
    assert taken.status_code == 409
    renamed = push.patch(
        created["id"], {"op": "replace", "path": "userName", "value": "ada.quill@harbour.example"}
    )
    assert renamed.json["userName"] == "ada.quill@harbour.example"


def test_an_external_id_is_found_exactly(push: Pushing) -> None:
    created = push.create(externalId="Case-77")
    assert (
        push.send("GET", '/Users?filter=externalId eq "Case-77"').json["Resources"][0]["id"] == created["id"]
    )
    assert push.send("GET", '/Users?filter=externalId eq "case-77"').json["totalResults"] == 0


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        ('title co "Locksmith"', 3),
        ('title sw "Locksmith" and active eq true', 2),
        ('title eq "locksmith 1"', 1),
        ('title co "Locksmith" and not (active eq true)', 1),
        ('title co "Locksmith" and emails[type eq "work" and value ew "@harbour.example"]', 3),
        ('title co "Locksmith" and meta.lastModified gt "2020-01-01T00:00:00Z"', 3),
        (f'title co "Locksmith" and {LEADER}:role pr', 0),
    ],
)
def test_filters_find_who_fits(push: Pushing, locksmiths: list[str], wanted: str, count: int) -> None:
    answer = push.send("GET", f"/Users?filter={wanted}")
    assert answer.json["totalResults"] == count, answer.text
    posted = push.send("POST", "/Users/.search", {"filter": wanted})
    assert posted.json["totalResults"] == count


@pytest.fixture(scope="module")
def locksmiths(push: Pushing) -> list[str]:
    return [push.create(title=f"Locksmith {n}", active=n != 3)["id"] for n in (1, 2, 3)]


def test_pages_and_sorting_lead_through_all_of_them_once(push: Pushing, locksmiths: list[str]) -> None:
    asked = '/Users?filter=title co "Locksmith"&sortBy=title&sortOrder=descending'
    seen = []
    for start in (1, 2, 3):
        page = push.send("GET", f"{asked}&startIndex={start}&count=1").json
        assert (page["totalResults"], page["itemsPerPage"], page["startIndex"]) == (3, 1, start)
        seen.append(page["Resources"][0]["title"])
    assert seen == ["Locksmith 3", "Locksmith 2", "Locksmith 1"]
    assert push.send("GET", f"{asked}&count=0").json["totalResults"] == 3
    assert push.send("GET", f"{asked}&startIndex=99").json["itemsPerPage"] == 0


def test_a_client_gets_the_attributes_that_it_asks_for(push: Pushing, locksmiths: list[str]) -> None:
    few = push.send("GET", f"/Users/{locksmiths[0]}?attributes=title").json
    assert set(few) == {"schemas", "id", "title"}
    without = push.send("GET", f"/Users/{locksmiths[0]}?excludedAttributes=title,emails").json
    assert "title" not in without
    assert without["userName"]


def test_versions_keep_one_writer_from_overwriting_another(push: Pushing) -> None:
    created = push.create()
    old = created["meta"]["version"]
    change = {"op": "replace", "path": "title", "value": "First"}
    assert push.patch(created["id"], change, If_Match=old).status_code == 200
    late = push.patch(created["id"], change | {"value": "Second"}, If_Match=old)
    assert late.status_code == 412
    assert push.seen(created["id"])["title"] == "First"
    assert push.send("DELETE", f"/Users/{created['id']}", If_Match=old).status_code == 412
    now = push.seen(created["id"])["meta"]["version"]
    assert push.send("GET", f"/Users/{created['id']}", If_None_Match=now).status_code == 304


def test_a_write_that_changes_nothing_writes_nothing(push: Pushing) -> None:
    created = push.create(title="Steady")
    before = push.directory.scim_snapshots.head(push.feed)
    answer = push.patch(created["id"], {"op": "replace", "path": "title", "value": "Steady"})
    assert answer.status_code == 200
    assert push.directory.scim_snapshots.head(push.feed) == before


def test_somebody_deleted_is_gone_and_can_come_again(push: Pushing) -> None:
    created = push.create(userName="back@harbour.example")
    assert push.send("DELETE", f"/Users/{created['id']}").status_code == 204
    assert push.send("GET", f"/Users/{created['id']}").status_code == 404
    assert push.send("DELETE", f"/Users/{created['id']}").status_code == 404
    assert push.create(userName="back@harbour.example")["id"] != created["id"]


def test_discovery_says_what_is_offered_and_what_not(push: Pushing) -> None:
    config = push.send("GET", "/ServiceProviderConfig").json
    offered = {
        name: config[name]["supported"]
        for name in ("patch", "bulk", "filter", "sort", "etag", "changePassword")
    }
    assert offered == {
        "patch": True,
        "bulk": False,
        "filter": True,
        "sort": True,
        "etag": True,
        "changePassword": False,
    }
    assert config["authenticationSchemes"][0]["type"] == "oauthbearertoken"
    types = push.send("GET", "/ResourceTypes").json
    assert [each["id"] for each in types["Resources"]] == ["User"]
    schemas = {each["id"]: each for each in push.send("GET", "/Schemas").json["Resources"]}
    assert set(schemas) == {USER, ENTERPRISE, LEADER}
    assert {each["name"] for each in schemas[LEADER]["attributes"]} == {"role", "lastDay"}
    names = {each["name"] for each in schemas[USER]["attributes"]}
    assert names == {
        "userName",
        "displayName",
        "active",
        "name",
        "emails",
        "phoneNumbers",
        "title",
        "addresses",
    }
    assert push.send("GET", "/Groups").status_code == 404
    assert push.send("POST", "/Bulk", {"Operations": []}).status_code == 501
    assert push.send("GET", "/Me").status_code == 501
