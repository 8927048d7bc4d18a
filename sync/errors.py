"""What can go wrong with a feed, in the sender's or the operator's words.

SyncError                    exit 1
├── InputRefused             exit 4   nothing was changed
│   ├── MappingRefused       the feed's TOML file
│   ├── FileRefused          the file the department sent
│   └── PlanRefused          a saved plan, an approval or a rejection that no longer fits
├── HeldByGuard              exit 3   a change by hand that needs a named person's reason
├── SourceFailed             exit 1   a sender's server gave nothing that may be used
├── FeedBusy                 exit 1   another run of the same feed is under way
├── RunOvertaken             exit 1   somebody changed an entry while the run was written
├── ReadBackDiffers          exit 1   the directory is not what the plan meant it to be
└── NotRecorded              exit 1   applied, but not in the ledger yet; the next run writes it there
"""

UNCHANGED = "Nothing was changed."  # ends a refusal


class SyncError(Exception):
    """A run could not be done. The message is a sentence for the person at the command line."""

    exit_code = 1


class InputRefused(SyncError):
    """What was given can't be used; nothing was changed."""

    exit_code = 4


class MappingRefused(InputRefused):
    """The mapping names something that isn't there, or asks for what is never taken."""


class FileRefused(InputRefused):
    """The file is missing, empty, cut short, older than what was applied, or not what the mapping says."""


class PlanRefused(InputRefused):
    """The plan's feed, mapping or part of the directory moved, or nobody's approval covers it."""


class HeldByGuard(SyncError):
    """The guard has something against a change by hand; nothing was changed, and a reason answers it."""

    exit_code = 3


class SourceFailed(SyncError):
    """The sender's server or its secret can't be used; what is in the inbox is untouched."""


class FeedBusy(SyncError):
    """Another run of this feed holds the lock."""


class RunOvertaken(SyncError):
    """The directory refused a transaction whose entries were changed meanwhile; nothing of it was written."""


class NotRecorded(SyncError):
    """The directory has the run, and the store did not take its entry; the next run of the feed adds it."""


class ReadBackDiffers(SyncError):
    """After the write the directory does not read as planned; somebody has to look."""
