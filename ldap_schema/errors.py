"""What can go wrong with the directory, in the caller's words.

DirectoryError
├── DirectoryUnavailable     nobody answers, or too late; trying again later may work
├── DirectoryRefused         the server answered no: access rules, limits, a wrong password
├── NotFound                 there is no such entry, or this identity may not know that there is
├── AlreadyThere             the id, or a value that must be unique, is taken
├── Moved                    the entry is no longer what the change was based on; nothing was written
└── BadValue                 a value that can't be stored or asked for; it never reached the server
"""


class DirectoryError(Exception):
    """Anything the directory could not do. The message is a sentence for a log, without personal values."""


class DirectoryUnavailable(DirectoryError):
    """The server does not answer, answers too late, or its certificate can't be verified."""


class DirectoryRefused(DirectoryError):
    """The server understood and said no: insufficient access, size or time limit, wrong service password."""


class NotFound(DirectoryError):
    """No such entry as far as this identity may know; absence and concealment look the same."""


class AlreadyThere(DirectoryError):
    """An entry with that id exists, or a unique value (sign-in address, federated id) belongs to another."""


class Moved(DirectoryError):
    """The entry changed since it was read; the whole transaction was rolled back."""


class BadValue(DirectoryError):
    """A value with control characters, over-long, or outside its attribute's syntax."""
