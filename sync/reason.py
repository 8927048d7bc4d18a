"""Why a named person did something: asked for, and kept in the ledger."""

from sync.errors import UNCHANGED, InputRefused

LONGEST_REASON = 300


def needed_reason(text: str) -> str:
    """Give the reason as the ledger keeps it; InputRefused where there is none."""
    if not text.strip():
        raise InputRefused(f"Say why with --reason; it is kept in the ledger. {UNCHANGED}")
    return text.strip()[:LONGEST_REASON]
