"""What can go wrong with the directory, in the caller's words.

DirectoryError
├── DirectoryUnavailable     nobody answers, or too late; trying again later may work
│   ├── DirectoryNotTrusted  whoever answers can't prove to be the directory; nothing was sent there
│   └── AccountRefused       our own account can't sign in: its password is wrong or missing
├── CookieRefused            the server can't go on from there: all that is followed must be read again
├── DirectoryRefused         the server answered no: access rules, limits
│   └── NotDelegated         nobody delegated that, or not for this day
├── NotFound                 there is no such entry, or this identity may not know that there is
├── AlreadyThere             the id, or a value that must be unique, is taken
├── Moved                    the entry is no longer what the change was based on; nothing was written
├── BadValue                 a value that can't be stored or asked for; it never reached the server
└── ServerFilesFailed        slapd's own tools can't read or fill the server's files on this machine
"""


class DirectoryError(Exception):
    """Anything the directory could not do. The message is a sentence for a log, without personal values."""


class DirectoryUnavailable(DirectoryError):
    """The server does not answer, answers too late, or we can't begin to speak with it."""


class DirectoryNotTrusted(DirectoryUnavailable):
    """The server's certificate, or the authority's that would verify it, is missing, over or another's."""


class AccountRefused(DirectoryUnavailable):
    """The service account's password is missing or wrong. To the portal's visitors that is an outage."""


class CookieRefused(DirectoryError):
    """The cookie of a content synchronization means nothing to the server, or what it has is older."""


class DirectoryRefused(DirectoryError):
    """The server understood and said no: insufficient access, size or time limit."""


class NotDelegated(DirectoryRefused):
    """No delegation stands on that day by which the one could act for the other."""


class NotFound(DirectoryError):
    """No such entry as far as this identity may know; absence and concealment look the same."""


class AlreadyThere(DirectoryError):
    """An entry with that id exists, or a unique value (sign-in address, federated id) belongs to another."""


class Moved(DirectoryError):
    """The entry changed since it was read; the whole transaction was rolled back."""


class BadValue(DirectoryError):
    """A value with control characters, over-long, or outside its attribute's syntax."""


class ServerFilesFailed(DirectoryError):
    """slapd's tools failed on the server's files: not on this machine, not ours to read, damaged, no room."""
