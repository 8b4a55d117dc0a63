"""What is drawn by lot, so that nothing green can be traced to what caused it."""

from collections.abc import MutableSequence
from datetime import timedelta
from random import Random, SystemRandom
from typing import TypeVar
from uuid import UUID

T = TypeVar("T")


class Chance:
    """Green ids, delays and orders; by the system's randomness, or in tests by a seed."""

    def __init__(self, random: Random | None = None) -> None:
        self._random = random or SystemRandom()

    def green_id(self) -> UUID:
        """An id that says nothing, not even when (UUIDv4)."""
        return UUID(int=self._random.getrandbits(128), version=4)

    def delay(self, longest: timedelta) -> timedelta:
        """A time up to `longest`, in whole seconds, each as likely."""
        return timedelta(seconds=self._random.randint(0, int(longest.total_seconds())))

    def shuffle(self, things: MutableSequence[T]) -> None:
        """Put `things` in an order that says nothing."""
        self._random.shuffle(things)
