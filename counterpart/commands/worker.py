"""`counterpart worker`: sends the mail that waits, and keeps beside it what nobody waits for."""

from dataclasses import asdict
from threading import Event, Thread

import click

from counterpart.commands.common import Tools, as_json, counted, example, pass_tools, show, stop_on_signals
from counterpart.commands.sync_context import context_of
from counterpart.due_feeds import ACTOR, keep_feeds
from counterpart.ended_grants import end_grants
from counterpart.healing import keep_equal
from counterpart.leavers import Leavers, keep_purged
from counterpart.logs import to_stderr
from counterpart.mail import SMTPSender
from counterpart.pushes import Pushes, keep_looking
from counterpart.refresher import keep_fresh
from counterpart.watch.alarm import Alarm
from counterpart.watch.loop import Watch
from counterpart.worker import Worker
from ldap_schema.errors import DirectoryError

END_SECONDS = 10.0  # for what runs beside the mail


@click.command(epilog=example("counterpart worker", "counterpart worker --once"))
@click.option(
    "--once", is_flag=True, help="Send what is due now and leave, instead of going on until stopped."
)
@as_json
@pass_tools
def worker(tools: Tools, once: bool, as_json: bool) -> None:
    """Send the mail that waits, keep providers' metadata fresh, watch what mail programs ask.

    Whose first day has come is listed, whose last day has passed is hidden. Leavers' mail programs are taken
    out of the directory, grants end after their last day, and replicas are kept equal. It watches where a
    setting names slapd's log, and takes HR feeds' new files where there are mappings. It stops cleanly on
    SIGTERM and Ctrl-C: the mail in flight is finished. Killed, it loses none, and the next
    worker repeats at most the one in flight.
    """
    stop = stop_on_signals()
    service = tools.settings.service
    made = Worker(
        store=tools.store, sender=SMTPSender(service), settings=service, clock=tools.clock, stop=stop
    )
    if not once:
        to_stderr()
        beside = [
            _start_refresher(tools, stop),
            _start_leavers(tools, stop),
            _start_healing(tools, stop),
            _start_pushes(tools, stop),
            *_start_watch(tools, stop),
            _start_feeds(tools, stop),
        ]
        made.run()
        for thread in beside:
            thread.join(END_SECONDS)
        return
    counts = made.deliver()
    made.forget()
    turned, purged, ended = _look_once(tools)
    data = asdict(counts) | {"days_turned": turned, "purged": purged, "grants_ended": ended}
    text = f"{counted(counts.sent, 'mail')} sent, {counts.postponed} postponed, {counts.dead} given up."
    if turned:
        text += f" {counted(turned, 'person', 'people')} listed or hidden by a first or last day."
    if purged:
        text += f" {counted(purged, 'mail program')} of people who left removed."
    if ended:
        text += f" {counted(ended, 'grant')} whose last day is over ended."
    show(data, text, as_json)


def _start_refresher(tools: Tools, stop: Event) -> Thread:
    """Keep providers' metadata fresh; reading one may take minutes, so nothing waits for its end."""
    given = (tools.settings, tools.store, tools.clock, stop)
    thread = Thread(target=keep_fresh, args=given, name="metadata", daemon=True)
    thread.start()
    return thread


def _leavers(tools: Tools) -> Leavers:
    return Leavers(
        directory=tools.directory,
        store=tools.store,
        clock=tools.clock,
        notice_days=tools.settings.sync.notice_days,
    )


def _look_once(tools: Tools) -> tuple[int, int, int]:
    """Turn days, purge and end grants; a directory that is away hides nothing of what became of the mail."""
    try:
        leavers = _leavers(tools)
        turned, purged = leavers.turn_days(), leavers.purge()
        return turned, purged, end_grants(tools.directory, tools.store, tools.clock)
    except DirectoryError as error:
        click.echo(
            f"First and last days, leavers' mail programs and grants were not looked at: {error}", err=True
        )
        return 0, 0, 0


def _start_leavers(tools: Tools, stop: Event) -> Thread:
    """Take leavers' mail programs away, beside the mail."""
    thread = Thread(target=keep_purged, args=(_leavers(tools), stop), name="leavers")
    thread.start()
    return thread


def _start_healing(tools: Tools, stop: Event) -> Thread:
    """Compare the directory's replicas, beside the mail; there may be none."""
    watched = (tools.settings.directory, tools.clock, stop)
    thread = Thread(target=keep_equal, args=watched, name="replicas", daemon=True)
    thread.start()
    return thread


def _start_pushes(tools: Tools, stop: Event) -> Thread:
    """Look at what SCIM clients pushed, beside the mail; a run of a large feed may take a while."""
    given = (Pushes(context_of(tools, actor=ACTOR)), stop)
    thread = Thread(target=keep_looking, args=given, name="pushes")
    thread.start()
    return thread


def _start_feeds(tools: Tools, stop: Event) -> Thread:
    """Look after HR feeds and what is kept of them; the next look completes a run that was killed."""
    thread = Thread(target=keep_feeds, args=(context_of(tools, actor=ACTOR), stop), name="feeds", daemon=True)
    thread.start()
    return thread


def _start_watch(tools: Tools, stop: Event) -> list[Thread]:
    """Watch slapd's log beside the mail, in a thread of its own: a slow mail server delays no alarm."""
    settings = tools.settings
    if not settings.watch.log:
        return []
    alarm = Alarm(
        directory=tools.portal_directory,
        store=tools.store,
        clock=tools.clock,
        portal=settings.portal,
        address=settings.saml.base_url,
    )
    watch = Watch(settings.watch, alarm, tools.clock, tools.directory.people.canaries)
    thread = Thread(target=watch.run, args=(stop,), name="watch")
    thread.start()
    return [thread]
