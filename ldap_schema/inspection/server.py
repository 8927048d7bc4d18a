"""What a server's configuration lacks: settings, limits and access rules."""

from collections import Counter
from collections.abc import Iterator

from ldap_schema.configure import access_rules
from ldap_schema.entries import Entry
from ldap_schema.inspection.configuration import (
    CONFIG,
    DATABASE,
    FRONTEND,
    OF_CONFIG,
    Configuration,
    folded,
    same,
)
from ldap_schema.inspection.lack import ANEW, LOAD, Lack, printed, replaced
from ldap_schema.replication import security

# Attribute of cn=config -> what is wrong where its value is not ours.
EVERYWHERE = {
    "olcSecurity": "Connections without TLS are not turned away",
    "olcRequires": "Anonymous clients are not turned away",
    "olcDisallows": "Anonymous binds are not refused",
    "olcLocalSSF": "The server's own socket does not count as we rely on it",
    "olcTLSProtocolMin": "TLS older than version 1.2 is spoken",
    "olcTLSVerifyClient": "Mail programs are asked for certificates that they don't have",
    "olcAuthzPolicy": "No service can act for people (proxied authorization)",
    "olcIndexSubstrAnyLen": "No index finds what has only three letters",
    "olcIndexSubstrAnyStep": "The index of parts of words leaves every other part out",
    "olcWriteTimeout": "Whoever asks and never reads the answers can stop the directory for everybody",
    "olcLogLevel": "The log shows no searches, so that nobody sees a mail program copying the directory",
}
# Of these each word counts by itself, and more of them are stricter, or say more.
WORDS = {"olcSecurity", "olcRequires", "olcDisallows", "olcLogLevel"}
# Attribute of the database -> its value, and what is wrong where it is another.
SETTINGS = {
    "olcLastBind": ("TRUE", "Nobody sees when a mail program last signed in"),
    "olcAddContentAcl": ("TRUE", "What is added is not checked attribute by attribute"),
    "olcDbNoSync": ("FALSE", "Writes that were acknowledged are lost when the machine stops"),
}
REPLICA_SETTINGS = {"olcLastBind": ("FALSE", "The replica numbers binds as changes of its own")}
UNSET = {"olcDbNoSync": "FALSE"}  # what it is where it does not stand
# Where it may write from the network is the site's choice, and another check's matter.
LEAST_SECURITY = (security(network_writes=True),)


def readable(config: Configuration) -> Iterator[Lack]:
    """Yield why the configuration can't be compared, if it can't."""
    ours = config.ours[OF_CONFIG]["olcAccess"]
    if not config.theirs:
        what = "The server's configuration can't be read, so that nothing in it was compared."
        yield Lack(what, replaced(OF_CONFIG, {"olcAccess": ours}))
    elif not same(config.texts(OF_CONFIG, "olcAccess"), ours):
        what = "cn=sync may not read all of the configuration that is compared, so that none of it was."
        yield Lack(what, replaced(OF_CONFIG, {"olcAccess": ours}))
    elif config.database is None:
        yield Lack(f"The server has no database for {config.suffix}.", ANEW)


def everywhere(config: Configuration) -> Iterator[Lack]:
    """Yield what is otherwise in cn=config and in front of all databases."""
    for attribute, wrong in EVERYWHERE.items():
        theirs = " ".join(config.texts(CONFIG, attribute))
        (ours,) = config.ours[CONFIG].get(attribute, LEAST_SECURITY)
        if attribute in WORDS:
            missing = [word for word in ours.split() if word not in theirs.split()]
            wanted = " ".join([*_kept(theirs, ours), *ours.split()])
        elif attribute == "olcLocalSSF":
            missing, wanted = [] if int(theirs or 0) >= int(ours) else [ours], ours
        else:
            missing, wanted = [] if theirs == ours else [ours], ours
        if missing:
            what = f"{wrong}: {attribute} is {theirs or 'not set'} and not {' '.join(missing)}."
            # Where the socket is too weak, the administrator's own commands are turned away there too.
            locked = attribute == "olcLocalSSF"
            yield Lack(what, ANEW if locked else replaced(CONFIG, {attribute: [wanted]}))
    for attribute, wrong in {
        "olcAccess": "shows its own entries to others",
        "olcPasswordHash": "hashes otherwise",
    }.items():
        wanted_values = config.ours[FRONTEND][attribute]
        if not same(config.texts(FRONTEND, attribute), wanted_values):
            what = f"The server {wrong} than this version: {attribute} of {FRONTEND}."
            yield Lack(what, replaced(FRONTEND, {attribute: wanted_values}))


def _kept(theirs: str, ours: str) -> list[str]:
    """Return those of the server's words that ours neither repeat nor set to another value."""
    named = {word.partition("=")[0] for word in ours.split()} | {"none", "0"}
    return [word for word in theirs.split() if word.partition("=")[0] not in named]


def settings(config: Configuration, database: Entry) -> Iterator[Lack]:
    """Yield what is otherwise on the database itself."""
    wanted = SETTINGS | (REPLICA_SETTINGS if database.text("olcUpdateRef") else {})
    for attribute, (value, wrong) in wanted.items():
        theirs = database.text(attribute) or UNSET.get(attribute, "not set")
        if theirs != value:
            yield Lack(f"{wrong}: {attribute} is {theirs}.", replaced(database.dn, {attribute: [value]}))
    ours = config.ours[DATABASE]["olcLimits"]
    if not same(database.texts("olcLimits"), ours):
        missing = [
            each for each in ours if folded(each) not in {folded(one) for one in database.texts("olcLimits")}
        ]
        said = (
            f"have no {_subject(missing[0])}"
            if missing
            else "come in another order, and the first that fits counts"
        )
        what = f"The limits of who may ask how much {said}."
        yield Lack(what, replaced(database.dn, {"olcLimits": ours}))


def _subject(limit: str) -> str:
    return limit.partition("}")[2]


def rules(config: Configuration, database: Entry) -> Iterator[Lack]:
    """Compare the access rules one by one; their order is part of what they mean."""
    theirs = [folded(rule) for rule in database.texts("olcAccess")]
    ours = [folded(rule) for rule in access_rules(config.suffix)]
    if theirs == ours:
        return
    missing, more = Counter(ours) - Counter(theirs), Counter(theirs) - Counter(ours)
    places = [str(at) for at, rule in enumerate(ours) if rule in missing]
    if missing:
        what = (
            f"The access rules lack {len(places)} of {len(ours)}, number {', '.join(places)} counted from 0"
        )
    elif more:
        what = f"There are {more.total()} access rules that are not ours"
    else:
        what = "The access rules are in another order, and the first that fits counts"
    yield Lack(f"{what}: who sees what is not as promised, and the tree could not be compared.",
               f"{printed('access', config.suffix)} | {LOAD}")  # fmt: skip
