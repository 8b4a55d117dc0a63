"""What goes wrong is told by type and place, and an outage from a mistake."""

from collections.abc import Callable

import asyncpg
import pytest
from asyncpg.exceptions import InternalClientError
from pydantic import BaseModel, ConfigDict, ValidationError
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from tocsin_common.database import Database, driver
from tocsin_common.errors import RuleBroken, is_outage, place_of
from tocsin_contracts.events.complaints import ComplaintReceived

CANARY = "canarye77d"


class Strict(BaseModel):
    """A model that knows all its fields."""

    model_config = ConfigDict(extra="forbid")

    number: int


def failure_of(what: Callable[[], object]) -> Exception:
    try:
        what()
    except Exception as error:
        return error
    raise AssertionError("it did not fail")


@pytest.mark.parametrize(
    ("what", "told"),
    [
        (lambda: int(CANARY), "ValueError at test_errors.py:"),
        (lambda: Strict.model_validate({"number": CANARY}), "ValidationError (number=int_parsing)"),
        (
            lambda: Strict.model_validate({"number": 1, CANARY: CANARY}),
            "ValidationError (=extra_forbidden)",
        ),
        (
            lambda: ComplaintReceived.model_validate({"complaint_id": CANARY, CANARY: 1}),
            "ValidationError (channel=missing, complaint_id=uuid_parsing, ",
        ),
        (
            lambda: ComplaintReceived.model_validate_json(CANARY),
            "ValidationError (=json_invalid)",
        ),
    ],
)
def test_an_error_is_told_by_type_and_place_and_never_by_its_text(
    what: Callable[[], object], told: str
) -> None:
    place = place_of(failure_of(what))

    assert place.startswith(told)
    assert CANARY not in place


@pytest.mark.parametrize("through_the_driver", [True, False])
async def test_what_the_database_refuses_is_a_mistake_told_by_its_code(
    database: Database, through_the_driver: bool
) -> None:
    statement = "insert into note (id, words) values (null, '%s')" % CANARY  # noqa: S608, UP031

    async def write() -> None:
        async with database.begin() as tx:
            if through_the_driver:
                await (await driver(tx)).execute(statement)
            else:
                await tx.execute(text(statement))

    with pytest.raises((asyncpg.IntegrityConstraintViolationError, IntegrityError)) as caught:
        await write()

    assert not is_outage(caught.value)
    assert " 23" in place_of(caught.value)
    assert CANARY not in place_of(caught.value)


@pytest.mark.parametrize(
    "error",
    [
        ConnectionRefusedError(),
        TimeoutError(),
        asyncpg.CannotConnectNowError(""),
        asyncpg.ConnectionDoesNotExistError(""),
        asyncpg.TooManyConnectionsError(""),
        asyncpg.DiskFullError(""),
        asyncpg.AdminShutdownError(""),
        asyncpg.DeadlockDetectedError(""),
        asyncpg.SerializationError(""),
        asyncpg.ReadOnlySQLTransactionError(""),
        asyncpg.InterfaceError(""),
        InternalClientError(""),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_database_that_is_away_or_in_trouble_is_an_outage(error: Exception) -> None:
    assert is_outage(error)


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.UniqueViolationError(""),
        asyncpg.CardinalityViolationError(""),
        asyncpg.CharacterNotInRepertoireError(""),
        asyncpg.DataError(""),
        RuleBroken(),
        ZeroDivisionError(),
        ValidationError.from_exception_data("x", []),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_will_never_succeed_is_no_outage(error: Exception) -> None:
    assert not is_outage(error)
