"""`counterpart worker`: sends the mail that waits in the outbox."""

import signal
from threading import Event
from types import FrameType

import click

from counterpart.commands.common import Tools, as_json, counted, example, pass_tools, show
from counterpart.logs import to_stderr
from counterpart.mail import SMTPSender
from counterpart.worker import Worker


@click.command(epilog=example("counterpart worker", "counterpart worker --once"))
@click.option(
    "--once", is_flag=True, help="Send what is due now and leave, instead of going on until stopped."
)
@as_json
@pass_tools
def worker(tools: Tools, once: bool, as_json: bool) -> None:
    """Send the mail that waits in the outbox.

    Stops cleanly on SIGTERM and Ctrl-C: the mail in flight is finished. Killed, it loses none, and the next
    worker repeats at most the one in flight.
    """
    stop = _stop_on_signals()
    service = tools.settings.service
    made = Worker(
        store=tools.store, sender=SMTPSender(service), settings=service, clock=tools.clock, stop=stop
    )
    if not once:
        to_stderr()
        made.run()
        return
    counts = made.deliver()
    data = {"sent": counts.sent, "postponed": counts.postponed, "dead": counts.dead}
    show(
        data,
        f"{counted(counts.sent, 'mail')} sent, {counts.postponed} postponed, {counts.dead} given up.",
        as_json,
    )


def _stop_on_signals() -> Event:
    stop = Event()

    def ask_to_stop(number: int, frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, ask_to_stop)
    signal.signal(signal.SIGINT, ask_to_stop)
    return stop
