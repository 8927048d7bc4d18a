"""Looks at the directory's replicas: whether each is set up as the provider is and has the same entries."""

from collections.abc import Iterator
from dataclasses import replace

from counterpart.doctor import MEND
from counterpart.failures import failure_of
from counterpart.findings import Examined, Patient, Problem, ahead
from counterpart.healing import Healed, as_service, heal_all
from ldap_schema.comparison import Comparison, Difference
from ldap_schema.directory import Service
from ldap_schema.errors import DirectoryError

LISTED = 20  # differences named; the others are counted
REPAIR = "`counterpart doctor --replicas --repair`; a running worker does the same within a minute or two."
RESEED = (
    "If the replica is just being filled, wait. Otherwise fill it anew, as docs/operations.md says under "
    "“Backup, replicas, promotion”."
)
NO_REPLICAS = Problem(
    "No replica is named in the settings.", "Name the replicas in COUNTERPART_DIRECTORY_REPLICAS."
)


def examine_replicas(patient: Patient) -> list[Examined]:
    """Compare each replica with the provider; one that can't be compared is a finding too."""
    uris = patient.settings.directory.replicas
    if not uris:
        return [Examined("replicas", (NO_REPLICAS,))]
    return [Examined(uri, tuple(_problems(patient, uri))) for uri in uris]


def repair(patient: Patient) -> list[Healed]:
    """Send each replica again what it passed over, and return what that was."""
    return list(heal_all(patient.settings.directory, patient.clock()))


def _problems(patient: Patient, uri: str) -> Iterator[Problem]:
    settings = patient.settings.directory
    try:
        with (
            as_service(settings, Service.SYNC) as provider,
            as_service(replace(settings, uri=uri), Service.SYNC) as replica,
        ):
            replica.probe()
            yield from ahead(provider.context_csn(), patient.clock())
            yield from (Problem(lack.what, lack.mend) for lack in replica.missing_parts())
            yield from _differing(provider.compare(replica))
    except DirectoryError as error:
        known = failure_of(error, advice=False)
        yield Problem(known.sentence if known else type(error).__name__, MEND["directory"])


def _differing(comparison: Comparison) -> Iterator[Problem]:
    if not comparison.different:
        return
    mend = REPAIR if len(comparison.passed_over) == comparison.different else RESEED
    yield Problem(
        f"{comparison.different:,} of {comparison.entries:,} entries differ from the provider's.", mend
    )
    for difference in comparison.listed[:LISTED]:
        yield Problem(f"{difference.dn}: {_how(difference)}.", "See above.")


def _how(difference: Difference) -> str:
    if not difference.replica:
        return f"missing on the replica; on the provider since {difference.provider}"
    if not difference.provider:
        return f"not on the provider; on the replica since {difference.replica}"
    return f"on the provider as of {difference.provider}, on the replica as of {difference.replica}"
