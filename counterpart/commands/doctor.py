"""`counterpart doctor`: says what is wrong and how to mend it."""

from dataclasses import asdict

import click

from counterpart.commands.common import Tools, as_json, counted, example, pass_tools, show
from counterpart.doctor import CHECKS, examine
from counterpart.exit_codes import DONE, OTHER
from counterpart.findings import Examined, Patient
from counterpart.healing import Healed
from counterpart.replicas import examine_replicas, repair


@click.command(
    epilog=example(
        "counterpart doctor", "counterpart doctor --replicas --json", "counterpart doctor --repair"
    )
)
@click.option("--replicas", is_flag=True, help="Compare every entry of each replica with the provider's.")
@click.option("--repair", "mend", is_flag=True, help="Send replicas again what they missed, then compare.")
@as_json
@pass_tools
def doctor(tools: Tools, replicas: bool, mend: bool, as_json: bool) -> int:
    """Say what is wrong with this installation, and how to mend it.

    Looks at settings, secrets, libraries, directory, Redis, store, mail, pages, keys, identity providers
    and the search index. With --replicas it looks at the directory's replicas instead, entry by entry.
    Changes nothing, unless --repair is given, which sends replicas again what they missed and changes no
    entry's content. Leaves with 1 if anything is wrong, not for what only may be.
    """
    patient = Patient(tools.settings, tools.clock)
    healed = repair(patient) if mend else []
    results = examine_replicas(patient) if replicas or mend else examine(patient)
    wrong = sum(problem.sure for each in results for problem in each.problems)
    data = {"problems": wrong, "checks": [asdict(each) for each in results]}
    if mend:
        data["sent_again"] = {each.uri: [entry.dn for entry in each.sent] for each in healed}
    show(data, "\n".join((*_repaired(healed), _text(results, wrong))), as_json)
    return OTHER if wrong else DONE


def _repaired(healed: list[Healed]) -> list[str]:
    return [f"{counted(len(each.sent), 'entry', 'entries')} sent again to {each.uri}." for each in healed]


def _text(results: list[Examined], wrong: int) -> str:
    lines = [line for each in results for line in _lines(each)]
    return "\n".join([*lines, "", f"{counted(wrong, 'problem')}." if wrong else "Everything is well."])


def _mend(mend: str) -> str:
    """Return a sentence in lines, and a command in one, so that it can be copied."""
    if " | " in mend:
        return f"    Mend it on the directory's machine:\n    {mend}"
    return click.wrap_text(f"Mend it: {mend}", 78, "    ", "    ")


def _lines(examined: Examined) -> list[str]:
    width = max(len(name) for name in CHECKS)
    if not examined.problems:
        return [f"{examined.name:<{width}}  well"]
    sure = any(problem.sure for problem in examined.problems)
    told = [f"{examined.name:<{width}}  {'WRONG' if sure else 'perhaps wrong'}"]
    for problem in examined.problems:
        told.append(click.wrap_text(problem.what, 78, "  - ", "    "))
        told.append(_mend(problem.mend))
    return told
