"""What a given server lacks of schema, overlays, tree and access rules; `counterpart doctor` prints the sentences."""

from ldap_schema.link import Link


def missing_parts(link: Link) -> list[str]:
    """Return one sentence per lack."""
    return []
