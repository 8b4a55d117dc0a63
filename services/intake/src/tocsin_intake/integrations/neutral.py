"""What may be sent to a worker's telephone, which others may read over a shoulder."""

from typing import Annotated

from pydantic import AfterValidator, StringConstraints

TELLING = (
    *("tocsin", "complain", "factory", "facility", "grievance", "hotline", "whistle"),
    *("khiếu nại", "tố cáo", "nhà máy", "ร้องเรียน", "โรงงาน", "投诉", "申诉", "举报", "工厂"),
    *("queja", "denuncia", "fábrica", "fabrica", "keluhan", "pengaduan", "pabrik"),
)
"""Words that say what it is about, in the languages that receipts are shown in."""


def check(text: str) -> str:
    """Return the text if it tells nothing.

    Raises:
        ValueError: it does.
    """
    if any(word in text.lower() for word in TELLING):
        raise ValueError("tells what it is about: say only that a message waits")
    return text


NeutralText = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=300),
    AfterValidator(check),
]
"""It says that a message waits, and nothing else."""
