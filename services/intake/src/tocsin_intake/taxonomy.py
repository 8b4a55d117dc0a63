"""What a complaint can be about, in the words of whoever asks."""

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Request, Response
from pydantic import BaseModel, Field

from tocsin_common.conditions import CONDITIONAL, answer
from tocsin_contracts.ids import IssueCode, Language
from tocsin_contracts.taxonomy import (
    Convention,
    FairWearStandard,
    IloIndicator,
    Issue,
    OshClass,
    RbaProvision,
    Taxonomy,
)

router = APIRouter(prefix="/v1/taxonomy", tags=["taxonomy"])


class GroupShown(BaseModel):
    """A group of codes."""

    name: str = Field(examples=["wages"])
    label: str = Field(examples=["Wages and benefits"])


class CodeShown(BaseModel):
    """One code, and what others call it."""

    code: IssueCode = Field(examples=["wages.unpaid"])
    group: str = Field(examples=["wages"])
    label: str = Field(examples=["Wages not paid"])
    immediate_danger: bool = Field(description="A danger to life until somebody has looked.")
    ilo_indicator: IloIndicator | None = Field(description="Of forced labour, by itself.")
    ilo_conventions: tuple[Convention, ...] = Field(examples=[["C95"]])
    rba: RbaProvision | None = Field(description="RBA Code of Conduct 8.0.", examples=["A4"])
    fair_wear: FairWearStandard | None
    osh_class: OshClass | None


class TaxonomyShown(BaseModel):
    """All codes at one version, in the order people are shown them."""

    version: str = Field(examples=["1"])
    language: Language = Field(description="That of the labels.", examples=["en"])
    languages: tuple[Language, ...] = Field(examples=[["en", "th", "vi"]])
    groups: list[GroupShown]
    codes: list[CodeShown]


def _taxonomy(request: Request) -> Taxonomy:
    return request.app.state.taxonomy


OurTaxonomy = Annotated[Taxonomy, Depends(_taxonomy)]


@router.get("", response_model=TaxonomyShown, responses=CONDITIONAL)
async def show_taxonomy(
    request: Request,
    taxonomy: OurTaxonomy,
    accept_language: Annotated[str, Header(max_length=300, examples=["th, en;q=0.5"])] = "",
) -> Response:
    """List the codes a complaint can be about, with labels in the language that is asked for."""
    language = best(taxonomy.languages, accept_language)
    response = answer(request, shown(taxonomy, language))
    response.headers["Content-Language"] = language
    response.headers["Vary"] = "Accept-Language"
    return response


def shown(taxonomy: Taxonomy, language: Language) -> TaxonomyShown:
    """The taxonomy with labels in one of its languages."""
    return TaxonomyShown(
        version=taxonomy.version,
        language=language,
        languages=taxonomy.languages,
        groups=[
            GroupShown(name=group.name, label=group.labels[language]) for group in taxonomy.groups
        ],
        codes=[_code(issue, language) for issue in taxonomy.codes],
    )


def _code(issue: Issue, language: Language) -> CodeShown:
    return CodeShown(
        code=issue.code,
        group=issue.group,
        label=issue.labels[language],
        immediate_danger=issue.immediate_danger,
        ilo_indicator=issue.ilo_indicator,
        ilo_conventions=issue.ilo_convention,
        rba=issue.rba,
        fair_wear=issue.fair_wear,
        osh_class=issue.osh_class,
    )


def best(languages: tuple[Language, ...], accepted: str) -> Language:
    """Return the language an `Accept-Language` likes most, or the first of all.

    A region or script that is not there is served by its language: `zh-Hant` by `zh`.
    """
    wishes = sorted((_wish(one) for one in accepted.split(",")), key=lambda wish: -wish[1])
    for wanted, weight in wishes:
        for language in languages:
            if weight > 0 and wanted in {language.lower(), "*"}:
                return language
    return languages[0]


def _wish(part: str) -> tuple[str, float]:
    tag, _, parameter = part.partition(";")
    try:
        weight = float(parameter.strip().removeprefix("q=") or 1)
    except ValueError:
        weight = 0.0
    return tag.strip().lower().partition("-")[0], weight
