"""`counterpart doctor`: says what is wrong and how to mend it."""

from dataclasses import asdict

import click

from counterpart.commands.common import Tools, as_json, counted, example, pass_tools, show
from counterpart.doctor import CHECKS, Examined, Patient, examine
from counterpart.exit_codes import DONE, OTHER
from counterpart.replicas import examine_replicas


@click.command(epilog=example("counterpart doctor", "counterpart doctor --replicas --json"))
@click.option("--replicas", is_flag=True, help="Compare every entry of each replica with the provider's.")
@as_json
@pass_tools
def doctor(tools: Tools, replicas: bool, as_json: bool) -> int:
    """Say what is wrong with this installation, and how to mend it.

    Looks at settings, secrets, libraries, directory, Redis, store, mail, pages, keys, identity providers
    and the search index. With --replicas it looks at the directory's replicas instead, entry by entry.
    Changes nothing. Leaves with 1 if anything is wrong.
    """
    patient = Patient(tools.settings, tools.clock)
    results = examine_replicas(patient) if replicas else examine(patient)
    wrong = sum(len(each.problems) for each in results)
    show({"problems": wrong, "checks": [asdict(each) for each in results]}, _text(results, wrong), as_json)
    return OTHER if wrong else DONE


def _text(results: list[Examined], wrong: int) -> str:
    lines = [line for each in results for line in _lines(each)]
    return "\n".join([*lines, "", f"{counted(wrong, 'problem')}." if wrong else "Everything is well."])


def _lines(examined: Examined) -> list[str]:
    width = max(len(name) for name in CHECKS)
    if not examined.problems:
        return [f"{examined.name:<{width}}  well"]
    told = [f"{examined.name:<{width}}  WRONG"]
    for problem in examined.problems:
        told.append(click.wrap_text(problem.what, 78, "  - ", "    "))
        told.append(click.wrap_text(f"Mend it: {problem.mend}", 78, "    ", "    "))
    return told
