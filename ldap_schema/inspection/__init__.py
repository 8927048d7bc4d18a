"""What a given server lacks compared with our LDIF; `counterpart doctor` prints it."""

from collections.abc import Iterator

from ldap_schema.inspection.configuration import Configuration
from ldap_schema.inspection.indexes import indexes
from ldap_schema.inspection.lack import ANEW, Lack, upgraded
from ldap_schema.inspection.overlays import overlays
from ldap_schema.inspection.schema import features, schema
from ldap_schema.inspection.server import everywhere, readable, rules, settings
from ldap_schema.inspection.size import size
from ldap_schema.inspection.tree import acting, tree, version
from ldap_schema.link import Link


def missing_parts(link: Link) -> list[Lack]:
    """Return each lack with its mend; raises DirectoryUnavailable or DirectoryRefused.

    cn=sync looks at everything. cn=portal finds out what nobody can read: whether it may act for people.
    """
    if link.connections.service == "portal":
        return list(acting(link))
    return [*features(link), *schema(link), *_configuration(link)]


def _configuration(link: Link) -> Iterator[Lack]:
    config = Configuration.read(link)
    hindered, database = list(readable(config)), config.database
    if hindered or database is None:
        yield from version(link, ANEW)
        yield from hindered
        return
    yield from everywhere(config)
    for look in (settings, indexes, overlays):
        yield from look(config, database)
    yield from size(link, config, database)
    otherwise = list(rules(config, database))
    if otherwise:  # then an entry may be there and not for us to see
        yield from (*version(link, ANEW, seen=False), *otherwise)
    else:
        yield from (*version(link, upgraded(link.tree.suffix)), *tree(link))
