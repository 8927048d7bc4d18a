"""Which indexes a server lacks. What an index does not answer makes slapd read every entry."""

from collections.abc import Iterable, Iterator, Mapping

from ldap_schema.entries import Entry
from ldap_schema.inspection.configuration import DATABASE, Configuration
from ldap_schema.inspection.lack import Lack, loaded

Kinds = dict[str, set[str]]


def indexes(config: Configuration, database: Entry) -> Iterator[Lack]:
    """Yield what can be searched by no index although it is searched; more indexes than ours do no harm."""
    lines = database.texts("olcDbIndex")
    theirs, ours = _kinds(lines), _kinds(config.ours[DATABASE]["olcDbIndex"])
    lacking = {name: kinds - theirs.get(name, set()) for name, kinds in ours.items()}
    lacking = {name: kinds for name, kinds in lacking.items() if kinds}
    if not lacking:
        return
    told = ", ".join(f"{name} ({','.join(sorted(kinds))})" for name, kinds in lacking.items())
    what = f"There is no index of {told}: whoever searches by it makes the server read everybody."
    wanted = {name: ours[name] | theirs.get(name, set()) for name in lacking}
    yield Lack(what, loaded(_change(database.dn, lines, wanted)))


def _change(dn: str, lines: Iterable[str], wanted: Kinds) -> list[str]:
    """Return LDIF for exactly that: slapd takes two lines about one attribute for a mistake."""
    gone = [line for line in lines if wanted.keys() & _kinds([line]).keys()]
    others = {name: kinds for name, kinds in _kinds(gone).items() if name not in wanted}
    change = [f"dn: {dn}", "changetype: modify"]
    if gone:
        change += ["delete: olcDbIndex", *(f"olcDbIndex: {line}" for line in gone), "-"]
    return [*change, "add: olcDbIndex", *(f"olcDbIndex: {line}" for line in _lines(others | wanted))]


def _lines(kinds: Mapping[str, set[str]]) -> Iterator[str]:
    together: dict[str, list[str]] = {}
    for name, each in kinds.items():
        together.setdefault(",".join(sorted(each)), []).append(name)
    for told, names in together.items():
        yield f"{','.join(names)} {told}"


def _kinds(lines: Iterable[str]) -> Kinds:
    """Return attribute -> pres, eq, sub…; names in the letters in which they stand."""
    found: Kinds = {}
    for line in lines:
        names, _, kinds = line.partition(" ")
        for name in names.split(","):
            found.setdefault(name, set()).update(kinds.strip().split(","))
    return found
