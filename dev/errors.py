"""What can go wrong with the development servers, in a newcomer's words.

ServerError
├── PortBusy          somebody else listens where one of our servers should
├── ProgramMissing    a program that a package of the system brings is not installed
└── ServerFailed      a server ended or did not get ready in time; the message ends with its last log lines
"""


class ServerError(Exception):
    """A development server could not do its work; the message is one sentence, fit for a terminal."""


class PortBusy(ServerError):
    """Somebody else listens on the port."""


class ProgramMissing(ServerError):
    """A program is not installed."""


class ServerFailed(ServerError):
    """A server ended, or was not ready in time."""
