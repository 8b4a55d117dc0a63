"""Lines out of a stream of bytes, with no more of it in memory than one line."""

from collections.abc import AsyncGenerator, AsyncIterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Line:
    """One line that is not blank."""

    number: int
    """Counted from 1, blank lines included, as an editor does."""
    text: bytes | None
    """`None`: it is longer than allowed, and was skipped."""


async def lines(chunks: AsyncIterable[bytes], *, longest: int) -> AsyncGenerator[Line]:
    """Split a stream at its line feeds; the last line needs none."""
    number, held, skipping = 0, bytearray(), False
    async for chunk in chunks:
        begin = 0
        while (end := chunk.find(b"\n", begin)) >= 0:
            number += 1
            if skipping or len(held) + end - begin > longest:
                yield Line(number, None)
            elif text := (bytes(held) + chunk[begin:end]).strip():
                yield Line(number, text)
            held.clear()
            begin, skipping = end + 1, False
        if not skipping:
            held += chunk[begin : begin + longest + 1]
        if len(held) > longest:
            held.clear()
            skipping = True
    if skipping:
        yield Line(number + 1, None)
    elif text := bytes(held).strip():
        yield Line(number + 1, text)
