"""Servers and programs whose clock is wrong, by libfaketime (Debian's package faketime)."""

from pathlib import Path

from dev.servers import Slapd


def faked(ahead: str) -> dict[str, str]:
    """The environment in which a program believes that it is so much later (`+2d`) or earlier (`-90m`)."""
    (library,) = Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")
    return {"LD_PRELOAD": str(library), "FAKETIME": ahead, "FAKETIME_DONT_FAKE_MONOTONIC": "1"}


class SlapdWithAClock(Slapd):
    """A private OpenLDAP server with a clock of its own, from its next start on."""

    ahead = ""

    def _prepare(self) -> None:
        super()._prepare()
        if self.ahead:
            wrong = [f"{name}={value}" for name, value in faked(self.ahead).items()]
            self.command = ["env", *wrong, *self.command]

    def jump(self, ahead: str) -> None:
        """Start again with the clock so far ahead; an empty text is the right time."""
        self.stop()
        self.ahead = ahead
        self.start()
