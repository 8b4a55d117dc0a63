"""However a stream is cut into chunks, its lines are the same."""

import json
from collections.abc import AsyncGenerator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin_intake.batch.ndjson import Line, lines

LONGEST = 20

pieces = st.lists(
    st.one_of(
        st.binary(max_size=50).map(lambda raw: raw.replace(b"\n", b"")),
        st.just(b""),
        st.just(b"  \r"),
        st.just(b"x" * LONGEST),
        st.just(b"x" * (LONGEST + 1)),
    ),
    max_size=8,
)


async def split(content: bytes, sizes: list[int]) -> list[Line]:
    async def chunks() -> AsyncGenerator[bytes]:
        rest = content
        for size in sizes:
            yield rest[:size]
            rest = rest[size:]
        yield rest

    return [one async for one in lines(chunks(), longest=LONGEST)]


@given(pieces, st.lists(st.integers(min_value=0, max_value=30), max_size=12))
async def test_lines_do_not_depend_on_chunks(written: list[bytes], sizes: list[int]) -> None:
    expected = [
        Line(number, None if len(one) > LONGEST else one.strip())
        for number, one in enumerate(written, 1)
        if one.strip() or len(one) > LONGEST
    ]

    assert await split(b"\n".join(written), sizes) == expected
    assert await split(b"".join(one + b"\n" for one in written), sizes) == expected


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
async def test_the_last_line_needs_no_end(end: bytes) -> None:
    content = json.dumps({"a": 1}).encode()

    assert await split(content + end, [3]) == [Line(1, content)]
