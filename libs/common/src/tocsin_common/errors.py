"""What goes wrong, told by type and place and never by value (protection V6)."""

from pathlib import Path
from traceback import extract_tb

import asyncpg
from asyncpg.exceptions import InternalClientError
from pydantic import ValidationError
from pydantic_core import ErrorDetails
from sqlalchemy.dialects.postgresql.asyncpg import AsyncAdapt_asyncpg_dbapi
from sqlalchemy.exc import SQLAlchemyError

# SQLSTATE classes that blame the data: cardinality, data exception, integrity constraint.
PERMANENT_CLASSES = ("21", "22", "23")

# Whatever these say, unless they carry one of the classes above, is the database being away.
DATABASE_ERRORS = (
    OSError,
    TimeoutError,
    SQLAlchemyError,
    AsyncAdapt_asyncpg_dbapi.Error,  # from where SQLAlchemy does not wrap: begin, commit
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    InternalClientError,
)


class RuleBroken(Exception):
    """What was asked can never succeed as it is: trying again changes nothing.

    The class name is the reason that is stored and shown.
    """


def is_outage(error: BaseException) -> bool:
    """Say whether the database was away, as against refusing what it was given.

    A PostgreSQL that dies raises exceptions of many types, so what is permanent decides.
    """
    return isinstance(error, DATABASE_ERRORS) and not _sqlstate(error).startswith(PERMANENT_CLASSES)


def place_of(error: BaseException) -> str:
    """Describe an error by its type and where it happened, without its message.

    A message may quote what was sent. A validation error names its fields as well.
    """
    frames = extract_tb(error.__traceback__)
    where = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    what = type(error).__qualname__
    if state := _sqlstate(error):
        what += f" {state}"
    if isinstance(error, ValidationError):
        found = error.errors(include_url=False, include_context=False, include_input=False)
        fields = {_field_of(one) for one in found}
        what += f" ({', '.join(sorted(fields)[:5])})"
    return f"{what}{where}"[:500]


def _field_of(problem: ErrorDetails) -> str:
    kind, place = problem["type"], problem["loc"]
    known = place[:-1] if kind == "extra_forbidden" else place  # its name is the sender's
    return f"{'.'.join(map(str, known))}={kind}"


def _sqlstate(error: BaseException) -> str:
    seen: BaseException | None = error
    while seen is not None:
        if state := getattr(seen, "sqlstate", None):
            return str(state)
        seen = getattr(seen, "orig", None) or seen.__cause__
    return ""
