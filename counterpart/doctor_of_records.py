"""Doctor's checks of records and of feeds: references to nobody, secrets that mappings name."""

from collections.abc import Iterator
from dataclasses import replace

from counterpart.findings import Patient, Problem
from ldap_schema.directory import Directory, Service
from ldap_schema.errors import DirectoryError
from sync.errors import SourceFailed, SyncError
from sync.mapping_reader import load_feed
from sync.sources.origin import Origin
from sync.sources.secret import read_private

MOST_TOLD = 20
WORDS = {
    "owner": "its owner",
    "nlcRevealMailTo": "a grant",
    "nlcRevealTelephoneNumberTo": "a grant",
    "nlcRevealMobileTo": "a grant",
    "secretary": "an assistant",
    "member": "a member",
    "nlcServes": "whom it serves",
    "nlcLeader": "the leader",
    "nlcDelegate": "the delegate",
    "roleOccupant": "the holder",
    "nlcSealedFor": "the sealed holder",
    "nlcPost": "the post",
    "nlcOrganisation": "the organisation",
    "nlcParent": "the parent",
    "nlcSuccessor": "a successor",
}


def references(patient: Patient) -> Iterator[Problem]:
    """No entry refers to another that is not there: slapd does not look after that."""
    opened = Directory.open(replace(patient.settings.directory, replicas=()), Service.SYNC)
    try:
        found = opened.dangling()
    except DirectoryError:
        return  # others say so
    finally:
        opened.close()
    for each in found[:MOST_TOLD]:
        yield Problem(
            f"{each.id} in ou={each.kind}: {WORDS[each.attribute]} ({each.attribute}) is {each.missing}, "
            "which is not there.",
            "If somebody was erased, `counterpart person erase --replay` completes it; otherwise take the "
            "value away with ldapmodify as cn=sync, or put the entry back from a backup.",
        )
    if len(found) > MOST_TOLD:
        yield Problem(f"So do {len(found) - MOST_TOLD} more entries.", "Mend these first, and look again.")


def feeds(patient: Patient) -> Iterator[Problem]:
    """Every mapping can be read, and the secrets that it names are there and nobody else's to read."""
    for path in sorted(patient.settings.sync.mappings.glob("*.toml")):
        try:
            yield from _secrets(path.name, load_feed(path).origin)
        except SyncError as error:
            yield Problem(str(error), f"`counterpart sync check {path}` says more.")


def _secrets(mapping: str, origin: Origin) -> Iterator[Problem]:
    for file in (origin.password_file, origin.token_file, origin.key_file):
        try:
            if file and not read_private(file).strip():
                raise SourceFailed(f"The secret file {file} is empty.")
        except SourceFailed as error:
            yield Problem(
                f"{mapping}: {error}",
                "Put it there, owned by the service and with chmod 600; no file comes until then.",
            )
