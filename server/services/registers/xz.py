"""xz, read as a stream: bounded memory, bounded output, and a cut file is told from a whole one."""

import io
import lzma
from typing import BinaryIO

from server.errors import DomainError

CHUNK_BYTES = 64 * 1024
MAX_DICTIONARY_BYTES = 128 * 1024 * 1024  # `xz -9` asks for 65 MiB
MAX_UNPACKED_BYTES = 8 * 1024**3


class XzReader(io.RawIOBase):
    """The unpacked bytes of an .xz file, of one stream or several.

    Reading raises `register_truncated` where the file ends within a stream, `register_too_large`
    past `max_bytes`, and `register_unreadable` for anything that is not xz.
    """

    def __init__(self, file: BinaryIO, *, max_bytes: int = MAX_UNPACKED_BYTES) -> None:
        super().__init__()
        self._file = file
        self._left_bytes = max_bytes
        self._stream = self._new_stream()

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]  # what io passes
        """Fill the buffer as far as one step goes; 0 at the end."""
        data = self._step(len(buffer))
        self._left_bytes -= len(data)
        if self._left_bytes < 0:
            raise DomainError("register_too_large")
        buffer[: len(data)] = data
        return len(data)

    def _step(self, size: int) -> bytes:
        try:
            while True:
                if self._stream.eof and not self._next_stream():
                    return b""
                if data := self._stream.decompress(self._input(), size):
                    return data
        except lzma.LZMAError as error:
            raise DomainError("register_unreadable", details={"reason": str(error)}) from None

    def _input(self) -> bytes:
        if not self._stream.needs_input:
            return b""
        chunk = self._file.read(CHUNK_BYTES)
        if not chunk:
            raise DomainError("register_truncated")
        return chunk

    def _next_stream(self) -> bool:
        """Go on behind a finished stream, past its padding; False where the file ends."""
        rest = self._stream.unused_data.lstrip(b"\0")
        rest = rest or self._file.read(CHUNK_BYTES).lstrip(b"\0")
        if not rest:
            return False
        self._file.seek(-len(rest), io.SEEK_CUR)
        self._stream = self._new_stream()
        return True

    @staticmethod
    def _new_stream() -> lzma.LZMADecompressor:
        return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=MAX_DICTIONARY_BYTES)
