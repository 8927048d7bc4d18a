"""The commands that docs/operations.md has somebody type, for tests that type them."""

from pathlib import Path

ROOT = Path(__file__).parents[2]


def commands(begin: str) -> list[str]:
    """Return the commands below the paragraph that begins with these words in bold."""
    text = (ROOT / "docs/operations.md").read_text()
    block = text.split(f"\n**{begin}**", 1)[1].split("\n\n")[1]
    return [line.strip() for line in block.splitlines()]
