"""Invents the organisations: how many per sector, where, how large, what they are and were called."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate, combinations, count
from random import Random
from typing import Any

from dev.chance import slug, stream, words

FEWEST_LEADERS = 60  # below this the fixed organisations would not leave a leader for every sector
SMALL_WORDS = {"for", "of", "and", "the", "in", "nhs"}
# Where the departments' and agencies' head offices are: mostly in London, and in every nation.
HEAD_OFFICES = {"London": 12, "Scotland": 3, "Wales": 2, "Northern Ireland": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class InventedOrganisation:
    """One invented organisation, with the number of leaders it has."""

    slug: str
    name: str
    sector: str
    feed: str
    region: str
    nation: str
    domain: str
    dialling: str  # a number for drama use without its last three digits
    leaders: int
    former_name: str = ""
    acronym: str = ""
    duty_line: str = ""
    parent: str = ""  # slug
    titles: str = ""  # table of posts.toml
    named: bool = False  # the demonstration names it and its head


@dataclass(frozen=True, slots=True)
class Place:
    """A county or a town of the gazetteer."""

    name: str
    region: str
    nation: str
    dialling: str


def gazetteer() -> tuple[list[Place], list[Place]]:
    """Give the counties, and the counties and towns together."""
    counties, places = [], []
    for region in words("places")["regions"]:
        for county, towns in region["counties"].items():
            found = [
                Place(name, region["name"], region["nation"], region["dialling"]) for name in (county, *towns)
            ]
            counties.append(found[0])
            places.extend(found)
    return counties, places


def invent_organisations(seed: int, leaders: int) -> list[InventedOrganisation]:
    """Invent the organisations for exactly so many leaders; ValueError below FEWEST_LEADERS."""
    if leaders < FEWEST_LEADERS:
        raise ValueError(f"At least {FEWEST_LEADERS} leaders are needed for every sector to have some.")
    bodies = words("bodies")
    share = leaders / sum(sector["leaders"] for sector in bodies["sectors"])
    heads = _shares([sector["leaders"] for sector in bodies["sectors"]], leaders)
    made: list[InventedOrganisation] = []
    for sector, total in zip(bodies["sectors"], heads, strict=True):
        made += _Sector(seed, bodies, sector, made).organisations(total, share)
    return made


def _shares(weights: list[int], total: int) -> list[int]:
    """Split a whole number by weights, so that the parts add up to it."""
    ends = [round(each * total / sum(weights)) for each in accumulate(weights)]
    return [end - start for start, end in zip([0, *ends], ends, strict=False)]


class _Sector:
    """Invents one sector's organisations; keeps what names and domains are taken."""

    def __init__(
        self,
        seed: int,
        bodies: Mapping[str, Any],
        sector: Mapping[str, Any],
        before: list[InventedOrganisation],
    ) -> None:
        self.chance: Random = stream(seed, f"organisations/{sector['name']}")
        self.bodies = bodies
        self.sector = sector
        self.fixed = [each for each in bodies["fixed"] if each["sector"] == sector["name"]]
        self.departments = [
            each.slug for each in before if each.sector == "Civil service" and each.nation == "England"
        ]
        self.taken = {each["name"] for each in bodies["fixed"]} | {each["domain"] for each in bodies["fixed"]}
        self.taken |= {word for each in before for word in (each.name, each.domain, each.slug)}
        self.counties, self.places = gazetteer()
        self.regions = {place.region: place for place in self.counties}

    def organisations(self, leaders: int, share: float) -> list[InventedOrganisation]:
        """Invent the sector's organisations for so many leaders."""
        least = 5 if len(self.fixed) > 1 else 2  # the fixed ones keep at least their named people
        fixed = [self.fix(each, min(each["leaders"], max(least, int(each["leaders"] * share))))
                 for each in self.fixed]  # fmt: skip
        rest = leaders - sum(each.leaders for each in fixed)
        number = min(rest, max(1, round(self.sector["organisations"] * share) - len(fixed)))
        candidates = self.candidates()
        return fixed + [self.invent(next(candidates), size) for size in self.sizes(number, rest)]

    def sizes(self, number: int, leaders: int) -> list[int]:
        """Spread leaders: one each, the rest by weight, so that few organisations have many."""
        ranks = [index % self.sector["organisations"] for index in range(number)]
        weights = list(accumulate((rank + 1) ** -self.sector["steep"] for rank in ranks))
        sizes = [1] * number
        left = leaders - number
        cap = max(self.sector["cap"] or leaders, -(-leaders // number))
        while left:
            chosen = self.chance.choices(range(number), cum_weights=weights)[0]
            if sizes[chosen] < cap:
                sizes[chosen] += 1
                left -= 1
        return sizes

    def candidates(self) -> Iterator[tuple[str, str, Place]]:
        """Give names that are not taken yet, each with its word (a place or a theme) and where it is."""
        spots = self.themes() if self.sector["over"] == "themes" else self.over_places()
        given = iter(self.sector.get("given", ()))
        for word, place in spots:
            nation = "names_" + place.nation.lower().replace(" ", "_")
            templates = self.sector.get(nation, self.sector["names"])
            name = next(given, None) or self.chance.choice(templates).format(theme=word, place=word)
            domain = self.domain(name, word)
            shared = "{" not in self.sector["domain"]
            if {name, slug(name)} & self.taken or (domain in self.taken and not shared):
                continue
            self.taken |= {name, domain, slug(name)}
            yield name, word, place

    def over_places(self) -> Iterator[tuple[str, Place]]:
        """Walk the gazetteer in a drawn order; once it is used up, again with "North …", "Upper …"."""
        spots = list(self.counties if self.sector["over"] == "counties" else self.places)
        self.chance.shuffle(spots)
        modifiers = ["", *self.bodies["modifiers"]]
        for round_ in count():
            prefix = (
                f"{modifiers[round_ // len(modifiers) % len(modifiers)]} {modifiers[round_ % len(modifiers)]}"
            )
            for place in spots:
                yield f"{prefix} {place.name}".strip(), place

    def themes(self) -> Iterator[tuple[str, Place]]:
        """Draw pairs of themes, each with the region of its head office."""
        pairs = [f"{one} and {other}" for one, other in combinations(self.bodies["themes"], 2)]
        self.chance.shuffle(pairs)
        weights = [HEAD_OFFICES.get(region, 1) for region in self.regions]
        for _round in count():
            for pair in pairs:
                yield pair, self.regions[self.chance.choices(list(self.regions), weights)[0]]

    def domain(self, name: str, word: str) -> str:
        """Give the mail domain that the sector's pattern makes of a name."""
        short = slug(name)
        for lead in ("department-for-", "ministry-of-", "office-for-", "university-of-"):
            short = short.removeprefix(lead)
        domain: str = self.sector["domain"].format(slug=short, place=slug(word))
        return domain

    def invent(self, candidate: tuple[str, str, Place], size: int) -> InventedOrganisation:
        """Furnish one candidate with what people know of an organisation."""
        name, word, place = candidate
        short = acronym(name)
        return InventedOrganisation(
            slug=slug(name),
            name=name,
            sector=self.sector["name"],
            feed=self.sector["feed"],
            region=place.region,
            nation=place.nation,
            domain=self.domain(name, word),
            dialling=place.dialling,
            leaders=size,
            former_name=self.former_name(word) if self.chance.random() < 0.08 else "",
            acronym=short if self.chance.random() < self.sector["acronym"] and len(short) > 1 else "",
            duty_line=self.duty_line(place) if self.chance.random() < self.sector["duty"] else "",
            parent=self.parent(),
            titles=self.sector["name"],
        )

    def former_name(self, word: str) -> str:
        """Give the name an organisation had before it was renamed."""
        other = " and ".join(self.chance.sample(self.bodies["themes"], 2))
        former: str = self.chance.choice(self.sector["former"]).format(place=word, theme=word, other=other)
        return former

    def duty_line(self, place: Place) -> str:
        """Give a number for any hour: a free-phone one, or one of the region."""
        stem = "0808 157 0" if self.chance.random() < 0.5 else place.dialling
        return f"{stem}{self.chance.randrange(1000):03d}"

    def parent(self) -> str:
        """Give the department to which an arm's-length body answers; the others have no parent."""
        return self.chance.choice(self.departments) if self.sector["name"] == "Arm's-length bodies" else ""

    def fix(self, entry: Mapping[str, Any], size: int) -> InventedOrganisation:
        """Make one of the organisations that the demonstration names."""
        place = self.regions[entry["region"]]
        return InventedOrganisation(
            slug=entry["slug"],
            name=entry["name"],
            sector=entry["sector"],
            feed=entry["feed"],
            region=place.region,
            nation=place.nation,
            domain=entry["domain"],
            dialling=place.dialling,
            leaders=size,
            former_name=entry.get("former_name", ""),
            acronym=entry.get("acronym", ""),
            duty_line=entry["duty_line"],
            titles=entry["name"] if entry["name"] in words("posts") else entry["sector"],
            named=True,
        )


def acronym(name: str) -> str:
    """Give the first letters of a name's words of weight: "DRC" for "Department for Rivers and Coasts"."""
    return "".join(
        word[0].upper() for word in name.replace("(", "").split() if word.lower() not in SMALL_WORDS
    )
