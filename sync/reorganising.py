"""`counterpart sync organisations`: a map read, shown, and carried out in one transaction."""

from dataclasses import replace
from pathlib import Path

from sqlalchemy.orm import Session

from ldap_schema.clock import london_today
from ldap_schema.errors import Moved
from ldap_schema.organisations import Organisation
from ldap_schema.people import Person
from ldap_schema.posts import Post, Tenure
from store import ledger
from sync.chunks import operations
from sync.context import DONE, PLANNED, Result, SyncContext
from sync.errors import UNCHANGED, InputRefused
from sync.organisation_map import OrganisationMap, load_map
from sync.plan import Plan
from sync.plan_file import SavedPlan, keep_plan, name_plan, read_plan
from sync.reason import needed_reason
from sync.receipt import APPLIED, APPLYING, Receipt, receipt_of, with_status
from sync.receipt_file import kept_receipts, save_receipt
from sync.reorganise import Around, Reorganised, find, named, reorganise
from sync.steps import PlanLine

EVENT, BACK_EVENT = "organisations changed", "organisations changed back"  # in the ledger
MAPS = "organisations"  # instead of a feed, in plans and receipts of maps


def organisations(context: SyncContext, path: Path, apply_it: bool, reason: str) -> Result:
    """Show what a map changes, or do it: all of it in one transaction, or nothing.

    Raises MappingRefused, InputRefused: the map names what is not there, is done already or is too large.
    """
    map_ = load_map(path)
    if apply_it:
        complete_maps(context)
    planned = reorganise(map_, look_around(context, map_), context.mint_id)
    most = context.settings.transaction_operations
    if sum(map(operations, planned.changes)) > most:
        raise InputRefused(
            f"{len(planned.changes):,} changes are more than one transaction takes ({most:,}): make several "
            f"maps of it. {UNCHANGED}"
        )
    lines = [
        *planned.lines,
        "",
        f"0 leavers, 0 joiners. {len(planned.changes):,} changes in one transaction.",
    ]
    data = {"day": map_.day, "lines": planned.lines, "changes": len(planned.changes), "ended": planned.ended}
    if not apply_it:
        return Result(exit_code=PLANNED, text="\n".join(lines), data=data | {"applied": False})
    why = needed_reason(reason)
    if map_.day > london_today(context.clock()):
        raise InputRefused(f"The map begins on {map_.day}: apply it then, or correct map.day. {UNCHANGED}")
    run = _write(context, map_, planned, why)
    done = f"Done as run {run}; `counterpart sync undo {run}` takes it back."
    return Result(exit_code=DONE, text="\n".join([*lines, done]), data=data | {"applied": True, "run": run})


def look_around(context: SyncContext, map_: OrganisationMap) -> Around:
    """Read all organisations, and what hangs on those that the map names."""
    known = context.directory.organisations.all()
    meant = {found.id: found for each in named(map_) if (found := find(known, each))}
    posts: dict[str, Post] = {}
    tenures: dict[str, Tenure] = {}
    people: dict[str, Person] = {}
    for organisation in meant:
        for post, held in context.directory.posts.of_organisation(organisation):
            posts[post.id] = post
            tenures |= {each.id: each for each in held}
        theirs = context.directory.people.search([], {"organisation_id": organisation}, 0)
        people |= {each.uid: each for each in theirs}
    return Around(
        organisations=tuple(known),
        posts=tuple(posts.values()),
        tenures=tuple(tenures.values()),
        people=tuple(people.values()),
    )


def _write(context: SyncContext, map_: OrganisationMap, planned: Reorganised, why: str) -> str:
    """Write all of it with one ledger entry, or nothing where the directory refuses; return the run."""
    plan = Plan(
        feed=MAPS,
        part=str(map_.day),
        as_of=map_.day,
        file_digest="",
        mapping_digest="",
        state_digest=context.clock().isoformat(),  # two maps that do the same are two runs
        rows=0,
        changes=planned.changes,
        lines=tuple(PlanLine(symbol=line[0], who=line[1:].strip()) for line in planned.lines),
    )
    saved = name_plan(plan, "organisation map", "", "Organisations", sealer=context.sealer())
    carry_out(context, saved, replace(receipt_of(saved, APPLYING, context.clock()), reason=why))
    return saved.run


def carry_out(context: SyncContext, saved: SavedPlan, receipt: Receipt) -> Receipt:
    """Write a map, or what takes one back, in one transaction; its plan is kept so that it can be undone."""
    keep_plan(saved, context.plan_path(saved.run))
    receipt = with_status(receipt, APPLYING, context.clock())
    save_receipt(context.settings.folder, receipt, context.sealer())
    try:
        with context.store.transaction() as tx:
            _enter(context, tx, receipt, saved.plan)
            context.directory.write(saved.plan.changes)
    except Moved as error:
        raise InputRefused(
            f"Somebody changed an entry meanwhile. {UNCHANGED} Run the command again."
        ) from error
    return _done(context, receipt)


def complete_maps(context: SyncContext) -> None:
    """Enter maps in the ledger that the directory has and a command that was cut off did not enter."""
    for receipt in kept_receipts(context.settings.folder, context.sealer()):
        if receipt.feed != MAPS or receipt.status != APPLYING:
            continue
        plan = read_plan(context.plan_path(receipt.run), context.sealer()).plan
        if context.directory.not_as_written(plan.changes):
            continue  # the directory never had it
        with context.store.transaction() as tx:
            if not ledger.holds(tx, _event(receipt), MAPS, "run", receipt.run, receipt.at):
                _enter(context, tx, receipt, plan)
        _done(context, receipt)


def _event(receipt: Receipt) -> str:
    return BACK_EVENT if receipt.undoes else EVENT


def _enter(context: SyncContext, tx: Session, receipt: Receipt, plan: Plan) -> None:
    told = {"run": receipt.run, "part": receipt.part, "day": str(plan.as_of), "reason": receipt.reason}
    if receipt.undoes:
        told["undoes"] = receipt.undoes
    else:
        told |= {f"step {n}": f"{each.symbol} {each.who}" for n, each in enumerate(plan.lines, start=1)}
    touched = [each for each in plan.changes if isinstance(getattr(each, "after", None), Organisation)]
    told["organisations"] = str(len(touched))
    ledger.append(tx, _event(receipt), context.actor, MAPS, told, context.clock())


def _done(context: SyncContext, receipt: Receipt) -> Receipt:
    done = with_status(receipt, APPLIED, context.clock())
    save_receipt(context.settings.folder, done, context.sealer())
    return done
