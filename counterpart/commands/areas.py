"""`counterpart areas`: which areas organisations serve and which are neighbours, from published look-ups."""

from pathlib import Path

import click

from counterpart.areas import Columns, pairs, plan_served, read_rows
from counterpart.commands.common import InOrder, Tools, as_json, counted, example, operator, pass_tools, show
from counterpart.exit_codes import DONE, PARTLY, PLANNED
from counterpart.refused import Refused
from ldap_schema.changes import Update
from store import ledger
from store.areas import replace_neighbours

FILE = click.argument("file", type=click.Path(path_type=Path, dir_okay=False))


@click.group(cls=InOrder)
def areas() -> None:
    """Say who serves which areas, so that leaders find their counterparts.

    Both look-ups are CSV files in UTF-8. Areas are told by their codes, such as those of the Office for
    National Statistics; the smallest areas that all look-ups share are best (local authority districts).
    """


@areas.command(
    epilog=example(
        "counterpart areas serve areas-served.csv",
        "counterpart areas serve LAD_to_PFA.csv --organisation PFA23CD --scheme ons \\",
        "    --area LAD23CD --name LAD23NM --yes",
    )
)
@FILE
@click.option("--organisation", default="organisation", help="Column of its id, code or name.")
@click.option("--area", default="area", help="Column of the area's code.")
@click.option("--name", default="name", help="Column of the area's name; empty if there is none.")
@click.option("--scheme", default="", help="What codes begin with here: ons for ons:E23000032.")
@click.option("--yes", is_flag=True, help="Do it; without this it is only shown.")
@as_json
@pass_tools
def serve(
    tools: Tools, file: Path, organisation: str, area: str, name: str, scheme: str, yes: bool, as_json: bool
) -> int:
    """Replace the areas of each organisation that the look-up names.

    Others keep theirs. Leaves with 2 when changes are shown, and with 5 when the directory does not have some
    of the organisations.
    """
    columns = Columns(organisation, area, name, scheme)
    rows = read_rows(file, [each for each in (organisation, area, name) if each])
    plan = plan_served(rows, columns, tools.directory.organisations.all())
    lines = [f"  ~ {after.name}: {counted(len(after.areas_served), 'area')}" for _, after in plan.changes]
    lines += [f"  ? {each}: the directory has no such organisation" for each in plan.unknown]
    if yes and plan.changes:
        with tools.store.transaction() as tx:
            told = {"file": file.name[:200], "organisations": str(len(plan.changes))}
            ledger.append(tx, "areas served changed", operator(), "organisations", told, tools.clock())
            tools.directory.write([Update(*each) for each in plan.changes])
    many = counted(len(plan.changes), "organisation")
    done = f"{many} changed." if yes else f"{many} would change. Say --yes to do it."
    data = {"changed" if yes else "would change": len(plan.changes), "unknown": list(plan.unknown)}
    show(data, "\n".join([*lines, done if plan.changes else "Nothing to change."]), as_json)
    if plan.changes and not yes:
        return PLANNED
    return PARTLY if plan.unknown else DONE


@areas.command(epilog=example("counterpart areas neighbours neighbouring-areas.csv"))
@FILE
@click.option("--area", default="area", help="Column of the one area's code.")
@click.option("--neighbour", default="neighbour", help="Column of the other's.")
@as_json
@pass_tools
def neighbours(tools: Tools, file: Path, area: str, neighbour: str, as_json: bool) -> int:
    """Replace the list of which areas are side by side.

    All of it: pairs that the file does not have go. Each pair may be given once or twice.
    """
    found = pairs(read_rows(file, [area, neighbour]), area, neighbour)
    if not found:
        raise Refused(f"{file} has no pair of areas. Nothing was changed.")
    with tools.store.transaction() as tx:
        many = replace_neighbours(tx, found)
        told = {"file": file.name[:200], "areas": str(many)}
        ledger.append(tx, "neighbouring areas replaced", operator(), "areas", told, tools.clock())
    show({"areas": many}, f"{counted(many, 'area')} with a neighbour.", as_json)
    return DONE
