"""Settings of the watch over mail programs."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class WatchSettings:
    """Where slapd's log is, and what one device may ask before it is suspended."""

    log: tuple[str, ...] = field(
        default=(),
        metadata={"meaning": "Files with slapd's log at level `stats`, one a server; empty: nobody watches."},
    )
    canary_domain: str = field(
        default="",
        metadata={
            "meaning": "Mail domain of canaries' addresses: one of yours, whose mail somebody reads; empty: "
            "`counterpart canary add` makes none."
        },
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
    oddities_per_hour: int = field(
        default=3,
        metadata={
            "meaning": "Searches of a kind that no mail program makes: leaving somebody out (`!`), going by "
            "an order (`>=`), many names at once, or no readable filter."
        },
    )
    canaries_per_hour: int = field(
        default=4,
        metadata={
            "meaning": "Canaries (invented people whom only mail programs find) for which one device may ask "
            "by part of the name; by the whole name or address, one is enough."
        },
    )

    def __post_init__(self) -> None:
        for name in (
            "names_per_hour",
            "beginnings_per_hour",
            "in_order",
            "oddities_per_hour",
            "canaries_per_hour",
        ):
            if getattr(self, name) < 2:
                raise ValueError(f"{name.upper()} must be 2 or more")
