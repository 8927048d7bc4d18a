"""What can go wrong with the store, in the caller's words.

StoreError
├── StoreUnavailable     nobody answers, the disk is full or another writer held it too long; later may work
├── StoreNotReady        its tables are missing, or of another version of the program: `counterpart migrate`
├── StoreDamaged         the file is not a database, or no longer a whole one
├── Conflict             a value that must be unique is taken; nothing was written
├── NoSuchRecord         the id names nothing here
├── KeyDestroyed         what is asked for was sealed for somebody whose key is gone: they were erased
├── BadRecord            a value that can't be kept; it never reached the database
│   └── BadMail          a mail that must not be sent as it stands: header injection, size, address
└── DeliveryError        raised by whatever sends mail, read by the outbox
    ├── TryLater         the mail server is away or asks to wait
    └── Undeliverable    the mail server refused this mail for good
"""


class StoreError(Exception):
    """Anything the store could not do. The message is a sentence for a log, without personal values."""


class StoreUnavailable(StoreError):
    """The database does not answer, or another writer kept it busy for longer than the timeout."""


class StoreNotReady(StoreError):
    """The tables are not there, or belong to an older or newer version of the program."""


class StoreDamaged(StoreError):
    """The database file can't be read as one; only a backup helps."""


class Conflict(StoreError):
    """A unique value is taken, or a rule of the tables was broken; the transaction was rolled back."""


class NoSuchRecord(StoreError):
    """There is no record with that id."""


class KeyDestroyed(StoreError):
    """The value was sealed under the key of somebody who was erased since: nobody can read it any more."""


class BadRecord(StoreError):
    """A value that can't be kept: wrong shape, too long, control characters."""


class BadMail(BadRecord):
    """A mail whose address, subject or text may not be sent; the sentence says which and why."""


class DeliveryError(StoreError):
    """What a sender tells the outbox about a mail it could not hand on."""


class TryLater(DeliveryError):
    """The mail server is away, or asked to wait; the same mail may be accepted later."""


class Undeliverable(DeliveryError):
    """The mail server refused this mail for good; sending it again would change nothing."""
