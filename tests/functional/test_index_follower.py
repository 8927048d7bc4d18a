"""The follower keeps the index what the directory says, whoever changes it and whatever goes wrong."""

import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from counterpart.clock import system_clock
from dev.servers import Slapd
from ldap_schema.changes import Add, Remove, Update
from ldap_schema.content_sync import EntryEvent, Event
from ldap_schema.directory import Directory, Service
from ldap_schema.errors import AlreadyThere, DirectoryError, DirectoryUnavailable
from ldap_schema.listening import Listener
from ldap_schema.offices import Office
from ldap_schema.organisations import Organisation
from ldap_schema.people import Person
from ldap_schema.posts import Post, Tenure
from search_index.documents import ACRONYM, ASSISTED, FORMERLY
from search_index.errors import IndexInUse
from search_index.folder import IndexFolder
from search_index.following import Follower
from search_index.keeping import build
from search_index.projection import Projection
from search_index.reader import SearchIndex
from search_index.settings import IndexSettings
from tests.conftest import SettableClock
from tests.functional.directory_kit import leader, opened
from tests.functional.index_kit import SOON, agrees, following, held, nothing, people, wanted
from tests.functional.replica_kit import eventually, local

RIVERS = Organisation(id="rivers", name="Department for Rivers", acronyms=("DfR",))
ADA = leader("ada", full_name="Ada Quill", organisation_id="rivers", organisation_name=RIVERS.name)
TWIN = leader("twin", full_name="Tom Twin", organisation_id="rivers")
POST = Post(id="post", title="Keeper", organisation_id="rivers")
TENURE = Tenure(id="tenure", post_id="post", holder="ada")
OFFICE = Office(id="office", name="Office of Ada", serves=("ada", "twin"), assistant="Zora Blink")
OURS = "(|(uid=*)(nlcId=*))"
EVERYTHING = (RIVERS, ADA, TWIN, POST, TENURE, OFFICE)


@pytest.fixture(scope="module")
def slapd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slapd]:
    with Slapd(tmp_path_factory.mktemp("followed")) as server:
        yield server


@pytest.fixture
def sync(slapd: Slapd) -> Iterator[Directory]:
    with opened(slapd, Service.SYNC) as directory:
        directory.write([Add(record) for record in EVERYTHING])
        yield directory
    found = [
        local(
            slapd,
            "ldapsearch",
            "-LLL",
            "-o",
            "ldif-wrap=no",
            "-b",
            f"ou={branch},{slapd.suffix}",
            OURS,
            "1.1",
        )
        for branch in ("people", "posts", "offices", "organisations")
    ]
    dns = (line.removeprefix("dn: ") for text in found for line in text.splitlines() if line)
    local(slapd, "ldapdelete", given="".join(f"{dn}\n" for dn in dns))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "index"


def changed(sync: Directory, person: Person, **values: Any) -> Person:
    after = replace(person, **values)
    sync.write([Update(person, after)])
    return after


def kinds(index: SearchIndex) -> set[str]:
    return {f"{document.kind} {document.id}" for document in index.contents().all()}


def test_the_index_says_what_the_directory_says_and_no_contact_detail(
    slapd: Slapd, sync: Directory, folder: Path
) -> None:
    shown = replace(ADA, mail=("ada@secret.example",), telephone=("020 7946 0111",), show=("mail:leaders",))
    sync.write([Update(ADA, shown)])
    with following(slapd, folder) as index:
        assert agrees(slapd, index)
        assert kinds(index) == {
            "organisation rivers", "person ada", "person twin", "post post", "tenure tenure", "office office"
        }  # fmt: skip
        ada = people(index)["ada"]
        assert "dfr" in ada.words[ACRONYM].split()
        assert "zora blink" in ada.words[ASSISTED]
        everything = "".join(held(index))
        assert "secret" not in everything
        assert "7946" not in everything


@pytest.mark.parametrize("way", ["StartTLS", "ldaps"])
def test_a_change_by_whoever_made_it_is_in_the_index_within_a_second(
    slapd: Slapd, sync: Directory, folder: Path, way: str
) -> None:
    entry = f"dn: uid=ada,ou=people,{slapd.suffix}\nchangetype: modify\nreplace: title\ntitle: Lamplighter\n"
    with following(slapd, folder, uri=slapd.uri if way == "StartTLS" else slapd.ldaps_uri) as index:
        local(slapd, "ldapmodify", given=entry)
        assert eventually(lambda: people(index)["ada"].facets.get("post") == "Lamplighter", SOON)
        sync.write([Add(leader("new"))])
        assert eventually(lambda: "new" in people(index), SOON)
        sync.write([Remove(leader("new"))])
        assert eventually(lambda: "new" not in people(index), SOON)
        assert agrees(slapd, index)


@pytest.mark.parametrize("status", ["held", "left"])
def test_someone_who_is_no_longer_seen_vanishes_with_post_and_office(
    slapd: Slapd, sync: Directory, folder: Path, status: str
) -> None:
    sync.write([Update(OFFICE, replace(OFFICE, serves=("ada",)))])
    with following(slapd, folder) as index:
        gone = changed(sync, ADA, status=status)
        assert eventually(lambda: kinds(index) == {"organisation rivers", "person twin", "post post"}, SOON)
        changed(sync, gone, status="active")
        assert eventually(lambda: {"person ada", "tenure tenure", "office office"} <= kinds(index), SOON)
        assert agrees(slapd, index)
        assert index.mended() == 0, "each was told of"


def test_a_sealed_person_vanishes_and_takes_the_shared_office_along(
    slapd: Slapd, sync: Directory, folder: Path
) -> None:
    with following(slapd, folder) as index:
        sealed = (
            f"dn: uid=ada,ou=people,{slapd.suffix}\nchangetype: modify\nadd: nlcSealed\nnlcSealed: post\n"
        )
        local(slapd, "ldapmodify", given=sealed)
        assert eventually(lambda: not {"person ada", "office office"} & kinds(index), SOON)
        assert agrees(slapd, index)
        assert "ada" not in "".join(held(index)).replace("adadministrator", "")
        assert ASSISTED not in people(index)["twin"].words
        local(
            slapd, "ldapmodify", given=sealed.replace("add: nlcSealed\nnlcSealed: post", "delete: nlcSealed")
        )
        assert eventually(lambda: {"person ada", "office office"} <= kinds(index), SOON)
        assert agrees(slapd, index)
        assert index.mended() == 0, "each was told of"


def test_a_renamed_organisation_and_a_new_assistant_reach_the_people_concerned(
    slapd: Slapd, sync: Directory, folder: Path
) -> None:
    with following(slapd, folder) as index:
        sync.write([Update(RIVERS, replace(RIVERS, former_names=("Board of Sluices",)))])
        assert eventually(lambda: "sluices" in people(index)["twin"].words.get(FORMERLY, ""), SOON)
        sync.write([Update(OFFICE, replace(OFFICE, assistant="Quentin Moss", serves=("twin",)))])
        assert eventually(lambda: ASSISTED not in people(index)["ada"].words, SOON)
        assert "moss" in people(index)["twin"].words[ASSISTED]
        assert agrees(slapd, index)


def test_a_transaction_that_fails_leaves_no_trace_beside_one_that_does_not(
    slapd: Slapd, sync: Directory, folder: Path
) -> None:
    crowd = [leader(f"c-{number}") for number in range(50)]
    sync.write([Add(person) for person in crowd])
    with following(slapd, folder) as index, opened(slapd, Service.SYNC) as other:
        fails = [
            *(Update(person, replace(person, title="Rolledback")) for person in crowd[:20]),
            Remove(crowd[20]),
            Add(leader("never")),
            Add(leader("ada")),  # is there already
        ]
        for number in range(5):
            writer = threading.Thread(
                target=changed, args=(other, crowd[30 + number]), kwargs={"title": "Real"}
            )
            writer.start()
            with pytest.raises(AlreadyThere):
                sync.write(fails)
            writer.join()
            assert not {one for one in people(index).values() if one.facets.get("post") == "Rolledback"}
        assert agrees(slapd, index)
        assert "c-20" in people(index)
        assert "never" not in people(index)
        assert sum(one.facets.get("post") == "Real" for one in people(index).values()) == 5
        # The rolled back changes stay in doubt for a while, and that holds nothing up.
        sync.write([Add(leader("after"))])
        assert eventually(lambda: "after" in people(index), SOON)


def test_writers_beside_each_other_leave_nothing_missed(slapd: Slapd, sync: Directory, folder: Path) -> None:
    """Numbers of changes are given out before the changes are committed, so they arrive out of order."""

    def write(name: str) -> None:
        with opened(slapd, Service.SYNC) as directory:
            for number in range(8):
                pair = [leader(f"{name}-{number}-{each}") for each in range(1 + number % 3)]
                directory.write([Add(person) for person in pair])
                directory.write([Update(pair[0], replace(pair[0], title=f"Title {number}"))])

    with following(slapd, folder) as index:
        writers = [threading.Thread(target=write, args=(f"w{number}",)) for number in range(4)]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
        assert agrees(slapd, index)


def test_what_no_event_tells_of_is_found_by_comparing(
    slapd: Slapd, sync: Directory, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hear = Listener.events

    def deaf(listener: Listener, seconds: float) -> list[Event]:
        return [event for event in hear(listener, seconds) if not isinstance(event, EntryEvent)]

    monkeypatch.setattr(Listener, "events", deaf)
    with following(slapd, folder) as index:
        changed(sync, ADA, title="Unheard of")
        sync.write([Remove(TENURE)])
        assert agrees(slapd, index)
        assert index.mended() == 2


def test_once_a_day_every_document_is_compared_and_what_is_wrong_is_mended(
    slapd: Slapd, sync: Directory, folder: Path
) -> None:
    with following(slapd, folder) as index:
        assert agrees(slapd, index)
    spoilt = Projection.open(IndexFolder(folder).current() or folder)
    (ada,) = (one for one in spoilt.contents.all() if one.id == "ada")
    spoilt.put([replace(ada, words={"name": "somebody else"})], [])  # with the change number it had
    spoilt.commit()
    spoilt.close()
    clock = SettableClock(system_clock())
    with following(slapd, folder, clock=clock) as index:
        assert people(index)["ada"].words["name"] == "somebody else", "change numbers agree"
        clock.advance(hours=25)
        assert agrees(slapd, index)


def test_who_follows_again_catches_up_with_what_happened_meanwhile(
    slapd: Slapd, sync: Directory, folder: Path
) -> None:
    with following(slapd, folder) as index:
        assert agrees(slapd, index)
    made = IndexFolder(folder).current()
    changed(sync, ADA, title="Meanwhile")
    sync.write([Remove(TENURE), Remove(POST), Add(leader("new"))])
    with following(slapd, folder) as index:
        assert agrees(slapd, index)
        assert IndexFolder(folder).current() == made, "nothing was made anew"
        assert index.mended() == 0


@pytest.mark.parametrize(
    "cookie",
    [
        b"nonsense \x00\xff",
        b"rid=000,csn=20010101000000.000000Z#000000#000#000000",
        b"rid=000,csn=20990101000000.000000Z#000000#000#000000",
        b"",
    ],
    ids=["nonsense", "ancient", "later than the server", "none"],
)
def test_a_cookie_that_means_nothing_to_the_server_costs_a_comparison(
    slapd: Slapd, sync: Directory, folder: Path, cookie: bytes
) -> None:
    with opened(slapd, Service.INDEX) as directory:
        build(directory.snapshots, IndexFolder(folder), system_clock)
    stale = Projection.open(IndexFolder(folder).current() or folder)
    stale.cookie = cookie
    stale.commit()
    stale.close()
    sync.write([Remove(TENURE), Add(leader("new"))])
    with following(slapd, folder) as index:
        assert agrees(slapd, index)


def test_the_server_may_come_and_go(slapd: Slapd, sync: Directory, folder: Path) -> None:
    with following(slapd, folder) as index:
        slapd.kill()
        slapd.start()
        changed(sync, ADA, title="After the crash")
        assert agrees(slapd, index)
        slapd.stop()
        before = index.in_step()
        time.sleep(1.5)
        assert index.in_step() == before or index.behind() > 0.3, "nobody claims to be in step"
        slapd.start()
        sync.write([Add(leader("later"))])
        assert agrees(slapd, index)


@pytest.mark.parametrize("harm", ["removed", "emptied", "cut short", "one byte", "half a folder", "copied"])
def test_a_damaged_index_is_made_anew_with_a_sentence(
    slapd: Slapd, sync: Directory, folder: Path, harm: str, caplog: pytest.LogCaptureFixture
) -> None:
    with following(slapd, folder) as index:
        assert agrees(slapd, index)
    current = IndexFolder(folder).current()
    assert current
    stored = next(current.glob("*.store"))
    content = stored.read_bytes()
    if harm == "removed":
        shutil.rmtree(folder)
    elif harm == "emptied":
        stored.write_bytes(b"")
    elif harm == "cut short":
        stored.write_bytes(content[:-20])
    elif harm == "one byte":
        stored.write_bytes(bytes([content[0] ^ 1]) + content[1:])
    elif harm == "copied":  # by a tool that follows links, as many do
        (folder / "current").unlink()
        shutil.copytree(current, folder / "current")
    else:
        (current / "meta.json").unlink()
    with caplog.at_level("INFO"), following(slapd, folder) as index:
        assert agrees(slapd, index)
    assert "index was made from the whole directory" in caplog.text
    assert harm in ("removed", "copied") or "not whole" in caplog.text
    assert len(list(folder.glob("index-*"))) == 1


def test_an_index_that_is_deleted_or_made_anew_while_somebody_follows_is_followed_on(
    slapd: Slapd, sync: Directory, folder: Path
) -> None:
    with following(slapd, folder) as index, opened(slapd, Service.INDEX) as directory:
        first = IndexFolder(folder).current()
        made = build(directory.snapshots, IndexFolder(folder), system_clock)
        assert made != first
        changed(sync, ADA, title="In the new one")
        assert agrees(slapd, index)
        assert IndexFolder(folder).current() == made
        shutil.rmtree(folder)
        sync.write([Add(leader("new"))])
        assert agrees(slapd, index)


def test_an_index_that_can_not_be_made_leaves_nothing_behind(
    slapd: Slapd, sync: Directory, folder: Path
) -> None:
    index = IndexFolder(folder)
    with opened(slapd, Service.INDEX) as directory:
        slapd.stop()
        for _ in range(3):
            with pytest.raises(DirectoryUnavailable):
                build(directory.snapshots, index, system_clock)
        assert list(folder.glob("index-*")) == []
        slapd.start()
        made = build(directory.snapshots, index, system_clock)
        slapd.stop()
        with pytest.raises(DirectoryUnavailable):
            build(directory.snapshots, index, system_clock)
        slapd.start()
    assert list(folder.glob("index-*")) == [made] == [index.current()], "the one in use stays in use"


def test_searches_go_on_while_the_index_is_made_anew(slapd: Slapd, sync: Directory, folder: Path) -> None:
    with opened(slapd, Service.INDEX) as directory:
        build(directory.snapshots, IndexFolder(folder), system_clock)
        index = SearchIndex(IndexSettings(folder=folder), system_clock)
        stop, counts = threading.Event(), set[int]()

        def search() -> None:
            while not stop.is_set():
                counts.add(index.contents().count())

        searcher = threading.Thread(target=search)
        searcher.start()
        for _ in range(10):
            build(directory.snapshots, IndexFolder(folder), system_clock)
        stop.set()
        searcher.join()
    assert counts == {len(EVERYTHING)}


def test_a_second_follower_leaves_with_a_sentence(slapd: Slapd, sync: Directory, folder: Path) -> None:
    with following(slapd, folder), opened(slapd, Service.INDEX) as directory:
        second = Follower(directory.snapshots, IndexSettings(folder=folder), system_clock, nothing)
        with pytest.raises(IndexInUse, match="one is enough"):
            second.run(threading.Event())


def test_the_index_holds_as_much_as_a_leader_sees(slapd: Slapd, sync: Directory, folder: Path) -> None:
    with opened(slapd, Service.PORTAL) as portal, following(slapd, folder) as index:
        with suppress(DirectoryError):
            changed(sync, TWIN, status="held")
        assert agrees(slapd, index)
        found = portal.as_viewer("ada").people.search(["t"], {}, 10)
        assert set(people(index)) == {"ada"}
        assert [person.uid for person in found] in ([], ["ada"])
    assert wanted(slapd)
