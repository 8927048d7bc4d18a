"""Secrets that a mapping names: in files that nobody else may read."""

from pathlib import Path

from sync.errors import SourceFailed


def read_secret(path: Path) -> str:
    """The one line of a secret file. Raises SourceFailed when it is absent, empty or open to others."""
    secret = read_private(path).strip()
    if not secret or not secret.isprintable():
        raise SourceFailed(f"The secret file {path} must hold one line.")
    return secret


def read_private(path: Path) -> str:
    """The text of a secret file, as a private key. Raises SourceFailed if it is absent or open to others."""
    try:
        if path.stat().st_mode & 0o077:
            raise SourceFailed(f"{path} can be read by other accounts. Run: chmod 600 {path}")
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise SourceFailed(f"The secret file {path} can't be read: {reason}.") from error
