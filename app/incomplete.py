"""Known to whoever starts the portal or explains why it did not start, without loading the portal itself."""


class PortalIncomplete(Exception):
    """A file the portal can't do without is missing; the message says which and how to get it."""
