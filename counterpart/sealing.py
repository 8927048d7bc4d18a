"""The shell of a backup file: what it is, encrypted or not, and whole or refused.

Encrypted: AES-256-GCM over pieces of one mebibyte (the STREAM construction): each piece is numbered and the
last one marked, so that none can be changed, left out, moved or cut off. The key is derived by HKDF from the
secret and a salt of the file's own. Not encrypted: the SHA-256 of everything stands at the end.
"""

import hashlib
import io
import os
from collections.abc import Callable
from typing import IO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

PLAIN, SEALED = b"Counterpart backup 1, plain\n", b"Counterpart backup 1, sealed\n"
PIECE = 1 << 20
TAG, SALT, DIGEST = 16, 32, 32
SHORTEST_SECRET = 32  # bytes


class NotOpened(Exception):
    """The file can't be opened; the sentence says whether it is none of ours, damaged, or lacks its key."""


class Sealer(io.RawIOBase):
    """Takes what is to be kept, in order, and writes the shell around it; closing it makes it whole."""

    def __init__(self, file: IO[bytes], secret: bytes) -> None:
        self._file, self._held, self._number = file, bytearray(), 0
        self._cipher: AESGCM | None = None
        self._digest = hashlib.sha256()
        self._header = SEALED + os.urandom(SALT) if secret else PLAIN
        if secret:
            self._cipher = _cipher(secret, self._header)
        self._put(self._header)

    def writable(self) -> bool:
        """Say so to whoever asks before writing."""
        return True

    def write(self, data: object) -> int:
        """Keep the bytes; whole pieces go into the file at once."""
        given = bytes(data)  # type: ignore[call-overload]
        self._held += given
        while len(self._held) > PIECE:
            self._piece(bytes(self._held[:PIECE]), last=False)
            del self._held[:PIECE]
        return len(given)

    def finish(self) -> None:
        """Write what is left, marked as the end; without this the file is refused."""
        self._piece(bytes(self._held), last=True)
        if self._cipher is None:
            self._file.write(self._digest.digest())

    def _piece(self, piece: bytes, *, last: bool) -> None:
        if self._cipher:
            piece = self._cipher.encrypt(_nonce(self._number, last), piece, self._header)
        self._number += 1
        self._put(piece)

    def _put(self, data: bytes) -> None:
        self._digest.update(data)
        self._file.write(data)


def is_sealed(file: IO[bytes]) -> bool:
    """Whether the file is encrypted; raises NotOpened for what is no backup. Leaves the file at its start."""
    start = file.read(len(SEALED))
    file.seek(0)
    if not start.startswith((PLAIN, SEALED)):
        raise NotOpened("This is no backup of Counterpart's.")
    return start.startswith(SEALED)


def unseal(file: IO[bytes], secret: bytes, write: Callable[[bytes], object]) -> None:
    """Hand on what was kept; raises NotOpened, and then what was handed on is not to be trusted."""
    if not is_sealed(file):
        _unwrap(file, write)
        return
    if not secret:
        raise NotOpened("This backup is encrypted: name its key in COUNTERPART_SERVICE_BACKUP_KEY_FILE.")
    header = file.read(len(SEALED) + SALT)
    cipher, number, piece = _cipher(secret, header), 0, file.read(PIECE + TAG)
    while True:
        following = file.read(PIECE + TAG)
        try:
            write(cipher.decrypt(_nonce(number, not following), piece, header))
        except (InvalidTag, ValueError):
            raise NotOpened(_why(number)) from None
        if not following:
            return
        number, piece = number + 1, following


def _unwrap(file: IO[bytes], write: Callable[[bytes], object]) -> None:
    digest, held = hashlib.sha256(file.read(len(PLAIN))), b""
    while data := file.read(PIECE):
        held += data
        ready, held = held[:-DIGEST], held[-DIGEST:]
        digest.update(ready)
        write(ready)
    if digest.digest() != held:
        raise NotOpened("This backup is damaged or not whole.")


def _why(number: int) -> str:
    if number:
        return "This backup is damaged or not whole."
    return "This backup is damaged, or was encrypted with another key."


def _cipher(secret: bytes, header: bytes) -> AESGCM:
    if len(secret) < SHORTEST_SECRET:
        raise NotOpened(f"The key of backups must have {SHORTEST_SECRET} bytes: `openssl rand -base64 32`.")
    salt = header[len(SEALED) :]
    return AESGCM(HKDF(SHA256(), 32, salt, b"counterpart backup").derive(secret))


def _nonce(number: int, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes((last,))
