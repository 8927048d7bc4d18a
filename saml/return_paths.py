"""Where a browser goes on to once somebody is signed in: a page of this site, and never another site."""

LONGEST = 1000  # characters; a longer address is none that a page of ours made


def local_path(wanted: str) -> str:
    """Return the wanted path, with its query, if it is one of this site; the first page's otherwise."""
    fine = (
        wanted.startswith("/")
        and not wanted.startswith("//")
        and len(wanted) <= LONGEST
        and wanted.isprintable()
        and wanted.isascii()
        and "\\" not in wanted
    )
    return wanted if fine else "/"
