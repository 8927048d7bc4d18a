"""What can go wrong with the search index.

IndexFailed
├── IndexDamaged     what is in the folder can't be read; it has to be made anew
├── IndexReplaced    another one was put in its place; go on with that
└── IndexInUse       another process of ours works on the folder
"""


class IndexFailed(Exception):
    """The index could not be read or written; the message is a sentence for a log."""


class IndexDamaged(IndexFailed):
    """Files are missing, half written, of another version, or not what was written."""


class IndexReplaced(IndexFailed):
    """The index that was open is no longer the one in use."""


class IndexInUse(IndexFailed):
    """Another follower, or another rebuild, has the folder."""
