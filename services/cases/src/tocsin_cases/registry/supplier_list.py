"""Which organisation or facility a row of a supplier list means, and what that changes."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from uuid import UUID

from tocsin_cases.chance import Chance
from tocsin_cases.registry import names

Named = tuple[str, str | None]
"""A plain name and a country: what identifies where there is no public identifier."""


@dataclass(frozen=True, slots=True)
class Listed:
    """What a row says of an organisation or facility; `public_id` is its LEI or OS ID."""

    name: str
    country: str | None
    public_id: str | None = None
    address: str | None = None

    @property
    def named(self) -> Named:
        return names.plain(self.name), self.country


@dataclass(frozen=True, slots=True, kw_only=True)
class Known(Listed):
    """The same as the registry has it; at version 0 it is new."""

    id: UUID
    version: int

    @property
    def told(self) -> tuple[str, str | None, str | None]:
        """What others are told of it: a change of anything else is no new version."""
        return self.name, self.country, self.public_id


class Register:
    """What is known by public id, else by name and country, while a list is read.

    The first row about something decides what it is called; later ones only mean it. Read the
    rows with a public id first: whether a bare name is ambiguous then depends on no order.
    """

    def __init__(self, stored: Iterable[Known], chance: Chance) -> None:
        self._chance = chance
        self._stored: dict[UUID, Known] = {}
        self._known: dict[UUID, Known] = {}
        self._by_public_id: dict[str, UUID] = {}
        self._by_name: defaultdict[Named, list[UUID]] = defaultdict(list)
        self._decided: set[UUID] = set()
        for one in stored:
            self._stored[one.id] = one
            self._keep(one)

    def read(self, listed: Listed) -> UUID:
        """Return the id of what a row means; it is new if nothing known fits."""
        found = self._find(listed)
        if found is None:
            found = self._chance.green_id()
            self._keep(
                Known(
                    name=listed.name,
                    country=listed.country,
                    public_id=listed.public_id,
                    address=listed.address,
                    id=found,
                    version=0,
                )
            )
        elif found not in self._decided:
            self._keep(_updated(self._known[found], listed))
        self._decided.add(found)
        return found

    def to_store(self) -> list[Known]:
        """What the list brought or changed, at its next version if others are to be told."""
        return [
            replace(one, version=one.version + self._is_news(one))
            for one in self._known.values()
            if one != self._stored.get(one.id)
        ]

    def to_tell(self) -> list[Known]:
        """The part of it that others see."""
        return [one for one in self.to_store() if self._is_news(one)]

    def _is_news(self, one: Known) -> bool:
        stored = self._stored.get(one.id)
        return stored is None or stored.told != one.told

    def _find(self, listed: Listed) -> UUID | None:
        if listed.public_id in self._by_public_id:
            return self._by_public_id[listed.public_id]
        same_name = self._by_name[listed.named]
        for one in same_name:
            if self._known[one].public_id is None:
                return one
        if listed.public_id is None and len(same_name) == 1:
            return same_name[0]
        return None

    def _keep(self, one: Known) -> None:
        self._known[one.id] = one
        if one.public_id:
            self._by_public_id[one.public_id] = one.id
        same_name = self._by_name[one.named]
        if one.id not in same_name:
            same_name.append(one.id)


def _updated(known: Known, listed: Listed) -> Known:
    """Return `known` as a row about it says; another spelling of its name is no news."""
    same_name = names.plain(known.name) == names.plain(listed.name)
    return replace(
        known,
        name=known.name if same_name else listed.name,
        country=listed.country or known.country,
        public_id=known.public_id or listed.public_id,
        address=listed.address or known.address,
    )
