"""An invented public sector that shares neither names nor seed with the demonstration, as documents."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache, cached_property
from pathlib import Path
from uuid import UUID

import tantivy

from dev.chance import stream
from ldap_schema.offices import Office
from ldap_schema.organisations import Organisation
from ldap_schema.people import Person
from ldap_schema.posts import Post, Tenure
from ldap_schema.snapshots import Record, Snapshot
from search_index import documents, schema
from search_index.contents import Contents
from search_index.documents import Around

HERE = Path(__file__).parent
TODAY = date(2026, 11, 25)
PEOPLE = 1500
# Origin of a name -> its share of a hundred people.
ORIGINS = {"British": 74, "Irish": 10, "Indian": 8, "Nigerian": 4, "accented": 4}
PLACES = {
    "North East": ["Northumbria", "Durham", "Alnwick", "Hexham", "Jarrow"],
    "North West": ["Greater Manchester", "Cumbria", "Bolton", "Salford", "Wirral", "Lancaster", "St Helens"],
    "Yorkshire and the Humber": ["Humberside", "South Yorkshire", "Leeds", "Whitby", "Barnsley", "Selby"],
    "East Midlands": ["Derbyshire", "Lincolnshire", "Boston", "Corby", "Melton Mowbray"],
    "West Midlands": ["Staffordshire", "West Mercia", "Telford", "Rugby", "Stoke-on-Trent"],
    "East of England": ["Norfolk", "Essex", "Ipswich", "Luton", "Bury St Edmunds", "King's Lynn"],
    "London": ["Camden", "Hackney", "Barking and Dagenham", "Kingston upon Thames"],
    "South East": ["Kent", "Thames Valley", "Hampshire", "Dover", "Crawley", "Milton Keynes"],
    "South West": ["Devon and Cornwall", "Wiltshire", "Torbay", "Swindon", "Bishop's Castle"],
    "Wales": ["Gwent", "Dyfed-Powys", "Ynys Môn", "Merthyr Tydfil", "Llanelli"],
    "Scotland": ["Fife", "Tayside", "Moray", "Dumfries and Galloway", "East Lothian"],
    "Northern Ireland": ["Antrim", "Fermanagh", "Newry", "Lisburn"],
}
DEPARTMENTS = [
    "Fisheries",
    "Housing Supply",
    "Rail and Roads",
    "Trade Remedies",
    "Public Records",
    "Energy Supply",
    "Sport and Heritage",
    "Border Security",
    "Early Years",
    "Space Policy",
    "Pensions",
    "Animal Health",
]
# Kind of organisation -> sector, name, former name, and titles from the one who leads down.
KINDS = {
    "police": (
        "Police",
        "{place} Police",
        "{place} Constabulary",
        ["Chief Constable", "Deputy Chief Constable", "Assistant Chief Constable (Crime)"],
    ),
    "fire": (
        "Fire and rescue",
        "{place} Fire and Rescue Service",
        "{place} Fire Brigade",
        ["Chief Fire Officer", "Deputy Chief Fire Officer"],
    ),
    "council": (
        "Local government",
        "{place} Council",
        "{place} District Council",
        [
            "Chief Executive",
            "Director of Finance",
            "Director of Public Health",
            "Director of Children's Services",
        ],
    ),
    "hospital": (
        "Healthcare",
        "{place} Hospitals NHS Foundation Trust",
        "{place} Primary Care Trust",
        ["Chief Executive", "Medical Director", "Chief Nurse", "Chief Operating Officer"],
    ),
    "university": (
        "Education",
        "University of {place}",
        "{place} Polytechnic",
        ["Vice-Chancellor", "Deputy Vice-Chancellor", "Registrar and Secretary"],
    ),
    "housing": ("Housing", "{place} Homes", "{place} Mutual Housing Society", ["Chief Executive", "Chair"]),
}
DEPARTMENT = (
    "Civil service",
    "Department for {place}",
    "Ministry of {place}",
    [
        "Permanent Secretary",
        "Second Permanent Secretary",
        "Director General, Strategy",
        "Director General, Delivery",
        "Chief Scientific Adviser",
        "Chief Finance Officer",
    ],
)
COMMANDS = ["Fleet Support Command", "Land Training Command", "Air Transport Command"]
COMMAND = (
    "Armed forces",
    "{place}",
    "Directorate of {place}",
    ["Commander", "Deputy Commander", "Chief of Staff"],
)
RANKS = ["Vice Admiral", "Lieutenant General", "Air Marshal", "Major General"]
HONOURS = [("Dame", "DBE"), ("Sir", "KBE"), ("Professor", ""), ("Dr", ""), ("", "OBE"), ("", "CBE")]
RARE = [
    "McAllister",
    "MacDonald",
    "O'Shaughnessy",
    "St Clair",
    "FitzGerald",
    "D'Souza",
    "ap Rhys",
    "van Houten",
    "Ødegaard",
    "Großman",
    "Ní Bhriain",
    "Llewellyn-Jones",
    "de la Haye",
]


@dataclass
class World:
    """Everybody, and what is true of them; the same seed gives the same world."""

    seed: int
    records: list[Record] = field(default_factory=list)
    people: dict[str, Person] = field(default_factory=dict)
    organisations: dict[str, Organisation] = field(default_factory=dict)
    former: list[tuple[str, Post]] = field(default_factory=list)  # who held a post before
    offices: dict[str, Office] = field(default_factory=dict)  # by whom it serves

    def __post_init__(self) -> None:
        self.chance = stream(self.seed, "world")
        self.names = json.loads((HERE / "names.json").read_text(encoding="utf-8"))
        bodies = list(self._bodies())
        while len(self.people) < PEOPLE:
            for body, titles in bodies:
                self._staff(body, titles)

    def _bodies(self) -> Iterator[tuple[Organisation, list[str]]]:
        for region, places in PLACES.items():
            for place in places:
                for kind in KINDS.values():
                    yield self._body(kind, place, region), kind[3]
        for theme in DEPARTMENTS:
            yield self._body(DEPARTMENT, theme, "London"), DEPARTMENT[3]
        for name in COMMANDS:
            yield self._body(COMMAND, name, "South West"), COMMAND[3]

    def _body(self, kind: tuple[str, str, str, list[str]], place: str, region: str) -> Organisation:
        sector, name, former, _ = kind
        name = name.format(place=place)
        acronym = "".join(word[0] for word in name.replace("-", " ").split() if word[0].isupper())
        made = Organisation(
            id=f"o{len(self.organisations)}",
            name=name,
            sector=sector,
            region=region,
            former_names=(former.format(place=place),) if self.chance.random() < 0.4 else (),
            acronyms=(acronym,) if self.chance.random() < 0.5 else (),
        )
        self.organisations[made.id] = made
        self.records.append(made)
        return made

    def _staff(self, body: Organisation, titles: list[str]) -> None:
        """Fill the posts of an organisation, as long as there are people to be made."""
        for number, title in enumerate(titles):
            if len(self.people) >= PEOPLE or self.chance.random() < (0.06 if number == 0 else 0.3):
                continue
            taken = [
                one for one in self.people.values() if one.organisation_id == body.id and one.title == title
            ]
            said = title if not taken else f"Director, {self.chance.choice(DEPARTMENTS)}"
            self._hold(body, said, head=number == 0 and not taken)

    def _hold(self, body: Organisation, title: str, *, head: bool) -> None:
        person = self._person(body, title)
        post = Post(id=f"p{len(self.records)}", title=title, organisation_id=body.id, region=body.region)
        since = TODAY - timedelta(days=self.chance.randrange(30, 2000))
        kind = self.chance.choices(["substantive", "acting", "interim"], [88, 6, 6])[0]
        self.records += [
            post,
            Tenure(id=f"t{post.id}", post_id=post.id, holder=person.uid, kind=kind, first_day=since),
        ]
        others = list(self.people.values())[:-1]
        if head and others and self.chance.random() < 0.2:
            before = self.chance.choice(others)
            last = since - timedelta(days=1)
            tenure = Tenure(
                id=f"f{post.id}",
                post_id=post.id,
                holder=before.uid,
                last_day=last,
                first_day=last - timedelta(days=900),
            )
            self.records.append(tenure)
            self.former.append((before.uid, post))
        if self.chance.random() < 0.3:
            given, family = self._name()
            office = Office(
                id=f"x{post.id}",
                name=f"Office of the {title}",
                serves=(person.uid,),
                assistant=f"{given} {family}",
            )
            self.records.append(office)
            self.offices[person.uid] = office

    def _person(self, body: Organisation, title: str) -> Person:
        given, family = self._name()
        known = ""
        if (short := self.names["diminutives"].get(given)) and self.chance.random() < 0.25:
            known = self.chance.choice(short)
        before, after = self.chance.choice(HONOURS) if self.chance.random() < 0.2 else ("", "")
        if body.sector == "Armed forces":
            before = self.chance.choice(RANKS)
        uid = f"u{len(self.people)}"
        shown = " ".join(part for part in (before, given, family, after) if part)
        made = Person(
            uid=uid,
            full_name=f"{given} {family}",
            family_name=family,
            given_name=given,
            known_as=known,
            display_name=shown if before or after else "",
            honorific=before,
            honours=after,
            title=title,
            organisation_name=body.name,
            organisation_id=body.id,
            sector=body.sector,
            region=body.region,
        )
        self.people[uid] = made
        self.records.append(made)
        return made

    def _name(self) -> tuple[str, str]:
        origin = self.chance.choices(list(ORIGINS), list(ORIGINS.values()))[0]
        given = self.chance.choice(self.names["given"][origin])
        draw = self.chance.random()
        if draw < 0.04:
            return given, self.chance.choice(RARE)
        family = self.chance.choice(self.names["family"][origin])
        if draw < 0.12:
            return given, f"{family}-{self.chance.choice(self.names['family']['British'])}"
        return given, family

    def documents(self) -> list[documents.Document]:
        """Return the documents that the index would hold."""
        offices = {uid: [office] for uid, office in self.offices.items()}
        around = Around(self.organisations, offices)
        snapshots = (
            Snapshot(UUID(int=(number + 1) << 64), "", record) for number, record in enumerate(self.records)
        )
        return documents.make(snapshots, around)

    @cached_property
    def contents(self) -> Contents:
        """The index of this world, in memory."""
        index = schema.prepared(tantivy.Index(schema.SCHEMA))
        writer = index.writer(30_000_000, 1)
        for document in self.documents():
            writer.add_document(schema.encode(document))
        writer.commit()
        index.reload()
        return Contents(index.searcher())


@cache
def world(seed: int) -> World:
    """Return the world of a seed, made once."""
    return World(seed)
