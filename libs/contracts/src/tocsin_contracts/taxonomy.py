"""The taxonomy: what a complaint can be about, how grave that is, and what others call it."""

from collections import Counter
from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import cache, cached_property
from importlib import resources
from pathlib import Path
from typing import Annotated, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails

from tocsin_contracts.ids import IssueCode, Language

FAULTS_TOLD = 5  # enough to see what is wrong; the rest follows once these are mended

Score = Annotated[int, Field(ge=1, le=5)]
"""From 1, slight, to 5, gravest."""
Label = Annotated[str, StringConstraints(pattern=r"\S", max_length=120)]
GroupName = Annotated[str, StringConstraints(pattern=r"^[a-z_]{2,32}$")]
Convention = Annotated[str, StringConstraints(pattern=r"^[CP][1-9][0-9]{0,2}$")]
"""An ILO convention or protocol by its number, like `C29` or `P29`."""
RbaProvision = Annotated[str, StringConstraints(pattern=r"^(A[1-6]|[BCD][1-8]|E([1-9]|1[0-2]))$")]
"""A provision of the RBA Code of Conduct 8.0, like `A1`."""


class IloIndicator(StrEnum):
    """The ILO's eleven indicators of forced labour."""

    ABUSE_OF_VULNERABILITY = "abuse_of_vulnerability"
    DECEPTION = "deception"
    RESTRICTION_OF_MOVEMENT = "restriction_of_movement"
    ISOLATION = "isolation"
    PHYSICAL_AND_SEXUAL_VIOLENCE = "physical_and_sexual_violence"
    INTIMIDATION_AND_THREATS = "intimidation_and_threats"
    RETENTION_OF_IDENTITY_DOCUMENTS = "retention_of_identity_documents"
    WITHHOLDING_OF_WAGES = "withholding_of_wages"
    DEBT_BONDAGE = "debt_bondage"
    ABUSIVE_WORKING_AND_LIVING_CONDITIONS = "abusive_working_and_living_conditions"
    EXCESSIVE_OVERTIME = "excessive_overtime"


class FairWearStandard(StrEnum):
    """The eight standards of Fair Wear's Code of Labour Practices."""

    EMPLOYMENT_FREELY_CHOSEN = "employment_freely_chosen"
    ASSOCIATION_AND_BARGAINING = "association_and_bargaining"
    NO_DISCRIMINATION = "no_discrimination"
    NO_CHILD_LABOUR = "no_child_labour"
    LIVING_WAGE = "living_wage"
    REASONABLE_HOURS = "reasonable_hours"
    SAFE_AND_HEALTHY = "safe_and_healthy"
    LEGALLY_BINDING_EMPLOYMENT = "legally_binding_employment"


class OshClass(StrEnum):
    """The kinds of hazard that safety inspectors divide their work by."""

    FIRE_AND_ELECTRICAL = "fire_and_electrical"
    STRUCTURAL = "structural"
    CHEMICAL = "chemical"
    MACHINE = "machine"
    ERGONOMIC = "ergonomic"
    INDUSTRIAL_HYGIENE = "industrial_hygiene"
    PROTECTIVE_EQUIPMENT = "protective_equipment"
    INJURY_AND_ILLNESS = "injury_and_illness"
    SANITATION_AND_HOUSING = "sanitation_and_housing"


class MalformedTaxonomy(ValueError):
    """A taxonomy cannot be used; the message says where it is wrong."""


class UnknownCode(LookupError):
    """The taxonomy has no such code."""


class Entry(BaseModel):
    """What the parts of the file have in common: a misspelt field is an error."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", hide_input_in_errors=True)


class Group(Entry):
    """A group of issues: all that an unverified alert says about what happened."""

    name: GroupName
    default_severity: Score
    """What an unverified alert shows, whatever was reported (protection D5)."""
    labels: Mapping[Language, Label]


class Issue(Entry):
    """One code: where an officer's judgement of it begins, and what others call it."""

    code: IssueCode
    scale: Score
    """How grave it usually is for those it happens to (UN Guiding Principle 14)."""
    irremediability: Score
    """How hard it usually is to make good again (UN Guiding Principle 14)."""
    immediate_danger: bool = False
    """Treat it as a danger to life until somebody has looked (protection D9)."""
    labels: Mapping[Language, Label]
    ilo_indicator: IloIndicator | None = None
    """What it points to by itself; a hint that needs others beside it is not named."""
    ilo_convention: tuple[Convention, ...] = ()
    rba: RbaProvision | None = None
    fair_wear: FairWearStandard | None = None
    osh_class: OshClass | None = None

    @property
    def group(self) -> str:
        """The name of the group it belongs to."""
        return self.code.partition(".")[0]


class Taxonomy(Entry):
    """All codes at one version, in the order people are shown them."""

    version: Annotated[str, StringConstraints(pattern=r"^\S{1,32}$")]
    languages: Annotated[tuple[Language, ...], Field(min_length=1)]
    groups: tuple[Group, ...]
    codes: tuple[Issue, ...]

    @model_validator(mode="after")
    def _agree(self) -> Self:
        """Refuse what each part allows and the whole does not."""
        names = [group.name for group in self.groups]
        faults = [f"{name}: is there twice" for name in _repeated(names)]
        faults += [f"{code}: is there twice" for code in _repeated(one.code for one in self.codes)]
        faults += [f"{one.code}: has no group" for one in self.codes if one.group not in names]
        labelled = [(group.name, group.labels) for group in self.groups]
        labelled += [(issue.code, issue.labels) for issue in self.codes]
        for name, labels in labelled:
            if missing := [language for language in self.languages if language not in labels]:
                faults.append(f"{name}: has no label in {', '.join(missing)}")
            if undeclared := [language for language in labels if language not in self.languages]:
                faults.append(f"{name}: {', '.join(undeclared)} is not among the languages")
        if faults:
            raise ValueError("; ".join(faults[:FAULTS_TOLD]))
        return self

    def known(self, code: str) -> bool:
        """Say whether the taxonomy has this code."""
        return code in self._issues

    def issue(self, code: str) -> Issue:
        """Return what the taxonomy says about a code.

        Raises:
            UnknownCode: it says nothing.
        """
        if issue := self._issues.get(code):
            return issue
        raise UnknownCode

    def group_of(self, code: str) -> Group:
        """Return the group a code belongs to.

        Raises:
            UnknownCode: the taxonomy does not have it.
        """
        return self._groups[self.issue(code).group]

    @cached_property
    def _issues(self) -> Mapping[str, Issue]:
        return {issue.code: issue for issue in self.codes}

    @cached_property
    def _groups(self) -> Mapping[str, Group]:
        return {group.name: group for group in self.groups}


def load(path: Path | None = None) -> Taxonomy:
    """Return the operator's taxonomy, which replaces the shipped one whole, or the shipped one.

    Raises:
        MalformedTaxonomy: the file is not a taxonomy.
        OSError: there is no such file, or it may not be read.
    """
    if path is None:
        return shipped()
    return _read(path.read_bytes(), name=str(path))


@cache
def shipped() -> Taxonomy:
    """Return the taxonomy that comes with this release."""
    file = resources.files("tocsin_contracts") / "taxonomy.json"
    return _read(file.read_bytes(), name=file.name)


def _read(content: bytes, *, name: str) -> Taxonomy:
    try:
        return Taxonomy.model_validate_json(content)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False)[:FAULTS_TOLD]
        told = "; ".join(_told(fault) for fault in faults)
        raise MalformedTaxonomy(f"{name}: {told}") from None


def _told(fault: ErrorDetails) -> str:
    place = ".".join(str(part) for part in fault["loc"])
    what = fault["msg"].removeprefix("Value error, ")
    return f"{place}: {what}" if place else what


def _repeated(values: Iterable[str]) -> list[str]:
    return [value for value, times in Counter(values).items() if times > 1]
