"""Settings of the watch over mail programs."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class WatchSettings:
    """Where slapd's log is, and what one device may ask before it is suspended."""

    log: tuple[str, ...] = field(
        default=(),
        metadata={"meaning": "Files with slapd's log at level `stats`, one a server; empty: nobody watches."},
    )
    names_per_hour: int = field(
        default=300,
        metadata={"meaning": "Different names that one device may look up in an hour, typing not counted."},
    )
    beginnings_per_hour: int = field(
        default=30,
        metadata={"meaning": "How many of those may be no more than three letters long."},
    )
    in_order: int = field(
        default=10,
        metadata={"meaning": "Short searches one after another in the order of the alphabet."},
    )
    exclusions_per_hour: int = field(
        default=3,
        metadata={"meaning": "Searches that leave somebody out by name (`!`), which no mail program does."},
    )

    def __post_init__(self) -> None:
        for name in ("names_per_hour", "beginnings_per_hour", "in_order", "exclusions_per_hour"):
            if getattr(self, name) < 2:
                raise ValueError(f"{name.upper()} must be 2 or more")
