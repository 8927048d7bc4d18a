"""Settings of the search index and of what keeps it fresh."""

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class IndexSettings:
    """Where the index is, and how closely it is looked after."""

    folder: Path = field(
        default=Path("var/index"),
        metadata={
            "meaning": "Folder of this machine's search index. It may be deleted at any time: the follower "
            "makes it anew."
        },
    )
    compare_seconds: float = field(
        default=300.0,
        metadata={
            "meaning": "Seconds between two comparisons of all change numbers with the directory's; what no "
            "event told of is mended then."
        },
    )
    usable_seconds: float = field(
        default=30.0,
        metadata={
            "meaning": "Seconds for which the index is searched after it was last in step with the "
            "directory; after that the portal searches the directory itself."
        },
    )

    def __post_init__(self) -> None:
        if self.compare_seconds < 1:
            raise ValueError("COMPARE_SECONDS must be 1 or more")
        if self.usable_seconds < 5:
            raise ValueError("USABLE_SECONDS must be 5 or more")
