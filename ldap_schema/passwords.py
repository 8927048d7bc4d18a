"""Machine-made passwords and their hashes.

128 random bits can't be guessed, so a fast salted hash is sound, and a mail program that binds anew at every
keystroke costs little (argon2 would make it five times slower and add nothing).
"""

import base64
import hashlib
import secrets


def new_id() -> str:
    """Return an id of 80 random bits: lockout is per id, so nobody may be able to guess one."""
    return base64.b32encode(secrets.token_bytes(10)).decode("ascii").lower()


def new_password() -> str:
    """Return a password of 128 random bits that can be read aloud and typed: base32 in groups of five."""
    letters = base64.b32encode(secrets.token_bytes(16)).decode("ascii").rstrip("=").lower()
    return "-".join(letters[start : start + 5] for start in range(0, len(letters), 5))


def hash_password(password: str) -> str:
    """Return what slapd stores for the password: {SSHA} with a salt of 64 random bits."""
    salt = secrets.token_bytes(8)
    # slapd's own hash scheme; the password, not the hash, is what makes guessing hopeless.
    digest = hashlib.sha1(password.encode() + salt, usedforsecurity=False).digest()
    return "{SSHA}" + base64.b64encode(digest + salt).decode("ascii")
