"""Who may see and change what in the directory: the table that tests ask a real server, and its page.

python -m dev.access_matrix >docs/access-matrix.md
"""

import sys
from dataclasses import dataclass

# Who asks -> who that is. A leader comes through the portal, which asks on their behalf (proxied
# authorization); `…-mail` is a mail program with a credential of theirs.
LEADERS = {
    "target": "the leader who is looked at: Police, organisation A; shows mail to leaders, telephone to the "
    "sector, mobile to the organisation, and granted the mobile to one leader",
    "colleague": "a leader of organisation A, in another sector",
    "sector": "a leader of organisation B, Police",
    "stranger": "a leader of organisation C, another sector",
    "granted": "one like the stranger, to whom the target granted the mobile",
    "office": "one like the stranger, a member of the target's private office",
    "delegate": "one like the stranger, to whom the target delegated; asking for themselves",
    "manager": "one like the stranger, a directory manager",
    "auditor": "one like the stranger, an auditor",
    "sealed": "one like the stranger, sealed because of a threat to life",
}
OTHERS = {
    "portal": "the portal's own account, cn=portal",
    "sync": "the feeds and the command line, cn=sync",
    "index": "the search index, cn=index",
    "scim": "what recognises the tokens of SCIM clients, cn=scim",
    "feed": "a SCIM client that showed a token of the feed that is looked at",
    "other-feed": "a SCIM client that showed a token of another feed",
    "replica": "the replicas, cn=replica",
    "root": "the server's own administrator at its socket",
    "anonymous": "nobody",
    "suspended": "a leader who is suspended while the connection is open",
    "suspended-mail": "a mail program of theirs, connected before they were",
    "expired-mail": "a mail program whose credential has ended",
    "left-mail": "a mail program of somebody who left",
}
IDENTITIES = (*OTHERS, *LEADERS, *(f"{name}-mail" for name in LEADERS))
GROUPS = {
    "leaders": tuple(LEADERS),
    "programs": tuple(f"{name}-mail" for name in LEADERS),
    "organisation": ("target", "colleague", "target-mail", "colleague-mail"),
    "sector-too": ("target", "colleague", "sector", "target-mail", "colleague-mail", "sector-mail"),
}
SAID = {
    "leaders": "every leader",
    "programs": "every mail program",
    "organisation": "leaders of the same organisation and their mail programs",
    "sector-too": "leaders of the same organisation or sector and their mail programs",
}
# These two read everything under the suffix, and stand in no line.
ALL_READERS = ("replica", "root")

# Entry that is looked at -> what it is.
SAMPLES = {
    "people": "a leader (the target)",
    "hidden": "a leader who has left and showed everything to leaders",
    "sealed": "a sealed leader (kind: post)",
    "canary": "an invented person who waits for whoever copies the directory",
    "organisations": "an organisation",
    "posts": "a post",
    "tenure": "who holds a post: the target",
    "hidden-tenure": "who holds a post: somebody who left",
    "sealed-tenure": "who holds a post: somebody sealed",
    "offices": "the target's private office",
    "hidden-office": "the office of somebody who left",
    "sealed-office": "the office of somebody sealed",
    "delegations": "a delegation, from the target to the delegate",
    "credentials": "the password of a mail program of the target's",
    "groups": "a role",
    "cohorts": "a cohort",
    "feeds": "an HR feed",
    "feed-part": "what was last applied of a feed, and what is held",
    "scim-record": "somebody as a SCIM client pushed them",
    "scim-token": "the token of a SCIM client",
    "services": "a service's account",
    "policies": "a password policy",
    "top": "the top of the tree",
    "configuration": "the database's entry in cn=config",
    "monitor": "the database's entry in cn=Monitor",
}

# Entry | attributes | who reads them, finds by them and compares them (mail programs compare nothing).
READS = """
people     | objectClass uid                                  | portal sync index leaders programs
people     | cn sn givenName displayName title o st           | sync index leaders programs
people     | businessCategory                                 | sync index leaders programs
people     | personalTitle nlcHonours nlcKnownAs employeeType | sync index leaders
people     | jpegPhoto                                        | sync leaders
people     | nlcOrganisation                                  | portal sync index leaders
people     | mail                                             | sync leaders programs
people     | telephoneNumber                                  | sync sector-too
people     | mobile                                           | sync organisation granted granted-mail
people     | nlcShow nlcRevealMobileTo                        | sync target
people     | nlcStatus                                        | portal sync index
people     | nlcSignInAddress nlcFederatedId                  | portal sync
people     | nlcFeed nlcFeedPart nlcFeedKey                   | sync
hidden     | objectClass uid nlcOrganisation                  | portal sync
hidden     | nlcStatus nlcSignInAddress                       | portal sync
hidden     | cn sn title mail telephoneNumber mobile nlcShow  | sync
sealed     | objectClass uid nlcOrganisation                  | portal sync sealed
sealed     | cn sn title mail telephoneNumber mobile nlcShow nlcSealed | sync sealed
sealed     | nlcStatus nlcSignInAddress                       | portal sync
canary     | objectClass uid cn sn title mail                 | sync programs
canary     | nlcStatus nlcSignInAddress nlcShow               | sync
organisations | objectClass nlcId o nlcFormerName nlcAcronym nlcCode nlcParent | portal sync index leaders
organisations | businessCategory st associatedDomain          | portal sync index leaders
organisations | nlcDutyLine                                   | sync leaders
posts      | objectClass nlcId cn nlcOrganisation nlcRole st  | sync index leaders
posts      | nlcFeed nlcFeedPart nlcFeedKey                   | sync
tenure     | objectClass nlcId nlcPost roleOccupant nlcTenureKind | sync index leaders
tenure     | nlcFirstDay nlcLastDay                           | sync index leaders
tenure     | nlcFeed nlcFeedPart nlcFeedKey nlcDigest         | sync
hidden-tenure | nlcPost roleOccupant nlcTenureKind            | sync
sealed-tenure | objectClass nlcPost nlcTenureKind             | sync index leaders
sealed-tenure | roleOccupant                                  | sync sealed
offices    | objectClass nlcId cn nlcServes nlcAssistantName member | sync index leaders
offices    | mail telephoneNumber                             | sync leaders
offices    | nlcFeed nlcFeedPart nlcFeedKey                   | sync
hidden-office | cn nlcServes mail                             | sync
sealed-office | cn nlcServes mail                             | sync sealed
delegations | objectClass nlcId nlcLeader nlcDelegate nlcScope | portal sync target delegate
delegations | nlcFirstDay nlcLastDay                          | portal sync target delegate
credentials | objectClass uid owner                           | portal sync
credentials | description pwdEndTime pwdLastSuccess           | portal
credentials | userPassword                                    |
groups     | objectClass cn member description                | portal sync
cohorts    | objectClass cn description                       | portal sync index leaders
cohorts    | member                                           | portal sync
feeds      | objectClass nlcId                                | sync manager
feed-part  | objectClass cn nlcAsOf nlcRowCount nlcHoldRun nlcHoldReason | sync manager
scim-record | objectClass nlcId nlcScimUserName nlcScimExternalId nlcScimResource nlcChangedAt | sync feed
scim-token | objectClass nlcId nlcTokenDigest nlcCreatedAt nlcLastUsedAt nlcEndsAt | sync scim
services   | objectClass                                      | sync
services   | cn description userPassword authzTo              |
policies   | objectClass cn pwdMaxFailure                     | sync
top        | objectClass contextCSN                           | portal sync index
top        | nlcSchemaVersion                                 | portal sync
top        | o dc                                             |
configuration | objectClass olcSuffix olcAccess olcLimits     | sync
configuration | olcDbDirectory                                | sync
monitor    | objectClass namingContexts olmMDBPagesMax        | sync
monitor    | monitoredInfo                                    |
"""

# Entry | what | who may. "change" is writing each attribute that stands in READS; "add", "delete" and
# "rename" are of entries of that kind. All of it at the server's socket: from the network nobody writes where
# mail programs ask. Root may do everything, and nobody writes at a replica.
WRITES = """
people        | change add delete rename | sync
hidden        | change                   | sync
sealed        | change                   | sync
canary        | change                   | sync
organisations | change add delete rename | sync
posts         | change add delete rename | sync
tenure        | change add delete rename | sync
sealed-tenure | change                   | sync
offices       | change add delete rename | sync
sealed-office | change                   | sync
delegations   | change add delete rename | sync
feeds         | change add delete rename | sync
feed-part     | change add delete rename | sync
scim-record   | change add delete rename | sync feed
scim-token    | change add delete rename | sync
groups        | change add delete rename | sync
cohorts       | change add delete rename | sync
credentials   | add rename               | portal
credentials   | delete                   | portal sync
services      | change add delete rename |
policies      | change add delete rename |
top           | change add delete rename |
configuration | change                   |
monitor       | change                   |
"""
# Entry, attribute -> who else may write that one alone.
WRITES_ALSO = {
    ("people", "nlcFederatedId"): ("portal",),
    ("people", "nlcRevealMobileTo"): ("target",),
    ("scim-token", "nlcLastUsedAt"): ("scim",),
    **{
        ("credentials", attribute): ("portal",)
        for attribute in ("objectClass", "uid", "owner", "description", "pwdEndTime", "userPassword")
    },
}


@dataclass(frozen=True)
class Rule:
    """One line of a table."""

    where: str
    what: tuple[str, ...]
    named: tuple[str, ...]  # as it stands in the table, groups by their names

    @property
    def who(self) -> frozenset[str]:
        """Each identity that the line names, members of groups one by one."""
        return frozenset(one for name in self.named for one in GROUPS.get(name, (name,)))


def rules(table: str) -> list[Rule]:
    """Return the lines of one of the tables."""
    lines = [line.split("|") for line in table.strip().splitlines()]
    return [Rule(where.strip(), tuple(what.split()), tuple(who.split())) for where, what, who in lines]


HEAD = """# Who may see and change what

Made from `dev/access_matrix.py` by `make docs`; `tests/rules/test_access_matrix.py` compares the two.
`tests/functional/test_directory_matrix.py` tries every line as everybody, on a server and on a replica:
reading, finding by a filter, comparing, writing, adding, deleting and renaming. After each refusal the same
connection does something that it may.

Whoever is not named in a line may not. `replica` and `root` read everything but the last two entries, which
are root's; root alone may write everything. Mail programs compare nothing. Writes are taken at the server's
own socket; from the network nobody writes where mail programs ask, and at a replica nobody writes at all.
"""


def page() -> str:
    """Return the whole page."""
    lines = [HEAD, "## Who asks\n\n| name | who that is |\n|---|---|"]
    lines += [f"| {name} | {words} |" for name, words in (LEADERS | OTHERS).items()]
    lines += [f"| {name}-mail | a mail program of theirs |" for name in LEADERS]
    lines.append("\n## Who reads, finds and compares")
    for sample, words in SAMPLES.items():
        lines.append(f"\n### {sample}: {words}\n\n| attributes | who |\n|---|---|")
        lines += [_line(rule) for rule in rules(READS) if rule.where == sample]
    lines.append("\n## Who writes\n\n| entry | what | who |\n|---|---|---|")
    lines += [f"| {rule.where} {_line(rule)}" for rule in rules(WRITES)]
    lines += [f"| {where} | {what} alone | {', '.join(who)} |" for (where, what), who in WRITES_ALSO.items()]
    return "\n".join(lines) + "\n"


def _line(rule: Rule) -> str:
    return (
        f"| {', '.join(rule.what)} | {', '.join(SAID.get(name, name) for name in rule.named) or 'nobody'} |"
    )


if __name__ == "__main__":
    sys.stdout.write(page())
