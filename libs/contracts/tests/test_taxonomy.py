"""The shipped taxonomy is complete, and an operator's own is checked before it is used."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from tocsin_contracts.ids import IssueCode
from tocsin_contracts.taxonomy import (
    FairWearStandard,
    Group,
    IloIndicator,
    Issue,
    MalformedTaxonomy,
    OshClass,
    UnknownCode,
    load,
    shipped,
)

GROUPS = (
    "forced_labour",
    "child_labour",
    "hours",
    "wages",
    "recruitment",
    "contract",
    "discrimination",
    "association",
    "safety",
    "retaliation",
    "environment",
)
LANGUAGES = ("en", "zh", "th", "vi", "es", "id")

# The ILO's fundamental conventions that a whole group is about.
FUNDAMENTAL = {
    "forced_labour": {"C29", "P29", "C105"},
    "child_labour": {"C138", "C182"},
    "association": {"C87", "C98"},
    "safety": {"C155", "C187"},
}

every_issue = pytest.mark.parametrize("issue", shipped().codes, ids=lambda issue: issue.code)
every_group = pytest.mark.parametrize("group", shipped().groups, ids=lambda group: group.name)

Change = Callable[[dict[str, Any]], object]


MALFORMED: list[tuple[Change, str]] = [
    (lambda file: file["codes"][0].update(scale=6), r"codes\.0\.scale: .* less than or equal"),
    (lambda file: file["codes"][0].update(scale="5"), r"codes\.0\.scale: .* valid integer"),
    (lambda file: file["codes"][0].update(code="Wages.Moon"), r"codes\.0\.code: .* pattern"),
    (lambda file: file["codes"][0].update(code="pay.late"), "pay.late: has no group"),
    (lambda file: file["codes"][0].update(code="wages.late"), "wages.late: is there twice"),
    (lambda file: file["codes"][0].update(rba="A9"), r"codes\.0\.rba: .* pattern"),
    (lambda file: file["codes"][0].update(ilo_indicator="moon"), r"codes\.0\.ilo_indicator"),
    (lambda file: file["codes"][0].update(fair_wear="moon"), r"codes\.0\.fair_wear"),
    (lambda file: file["codes"][0].update(irremediable=2), r"codes\.0\.irremediable: Extra"),
    (lambda file: file["codes"][0]["labels"].pop("th"), "has no label in th"),
    (lambda file: file["codes"][0]["labels"].update(th=" "), r"codes\.0\.labels\.th"),
    (lambda file: file["codes"][0]["labels"].update(de="x"), "de is not among the languages"),
    (lambda file: file["groups"][0]["labels"].pop("vi"), "forced_labour: has no label in vi"),
    (lambda file: file["groups"].append(file["groups"][3]), "wages: is there twice"),
    (lambda file: file.pop("version"), "version: Field required"),
    (lambda file: file.update(languages=[]), "languages: .* at least 1 item"),
]


@pytest.fixture
def operators_file(tmp_path: Path) -> Callable[[Change], Path]:
    """A file that says what the shipped one says, but for one change."""

    def write(change: Change) -> Path:
        content = json.loads(shipped().model_dump_json())
        change(content)
        path = tmp_path / "ours.json"
        path.write_text(json.dumps(content), encoding="utf-8")
        return path

    return write


def test_the_groups_are_those_of_the_design_in_their_order() -> None:
    assert tuple(group.name for group in shipped().groups) == GROUPS


def test_the_codes_stand_by_group_and_then_by_name() -> None:
    codes = [issue.code for issue in shipped().codes]

    assert codes == sorted(codes, key=lambda code: (GROUPS.index(code.split(".")[0]), code))


def test_codes_that_other_documents_name_are_there() -> None:
    assert shipped().known("wages.unpaid")
    assert shipped().known("forced_labour.retention_of_documents")


@every_group
def test_every_group_has_a_code_and_a_default_as_grave_as_one_of_its_codes(group: Group) -> None:
    graveness = [
        max(issue.scale, issue.irremediability)
        for issue in shipped().codes
        if issue.group == group.name
    ]

    assert group.default_severity in range(min(graveness), max(graveness) + 1)


@every_issue
def test_every_code_has_the_form_events_ask_for(issue: Issue) -> None:
    assert TypeAdapter(IssueCode).validate_python(issue.code) == issue.code
    assert shipped().group_of(issue.code).name == issue.group


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_a_short_word_of_its_own_for_everything(language: str) -> None:
    assert shipped().languages == LANGUAGES
    labels = [entry.labels[language] for entry in (*shipped().groups, *shipped().codes)]

    assert len(set(labels)) == len(labels)
    assert all(label == label.strip() and len(label) <= 80 for label in labels)


@pytest.mark.parametrize(
    ("language", "first", "last"), [("zh", "\u4e00", "\u9fff"), ("th", "\u0e00", "\u0e7f")]
)
def test_labels_are_written_in_the_script_of_their_language(
    language: str, first: str, last: str
) -> None:
    for entry in (*shipped().groups, *shipped().codes):
        own = [letter for letter in entry.labels[language] if first <= letter <= last]
        others = [letter for letter in entry.labels[language] if "a" <= letter.lower() <= "z"]
        assert own
        assert not others


def test_fileeleven_indicators_of_forced_labour_are_reached() -> None:
    assert len(IloIndicator) == 11
    assert {issue.ilo_indicator for issue in shipped().codes} >= set(IloIndicator)


def test_fileeight_standards_of_fair_wear_are_reached() -> None:
    assert len(FairWearStandard) == 8
    assert {issue.fair_wear for issue in shipped().codes} >= set(FairWearStandard)


def test_fileprovisions_of_the_rba_on_labour_and_safety_are_reached() -> None:
    reached = {issue.rba for issue in shipped().codes}

    assert reached >= {f"A{number}" for number in range(1, 7)}
    assert reached >= {f"B{number}" for number in range(1, 8)}  # B8, notices, is within others


def test_hazards_are_classed_and_nothing_else_is() -> None:
    classes = {issue.code: issue.osh_class for issue in shipped().codes}

    assert set(classes.values()) == {None, *OshClass}
    assert all((osh is not None) == code.startswith("safety.") for code, osh in classes.items())


@pytest.mark.parametrize("group", FUNDAMENTAL)
def test_codes_on_fundamental_rights_name_a_fundamental_convention(group: str) -> None:
    for issue in shipped().codes:
        if issue.group == group:
            assert FUNDAMENTAL[group] & set(issue.ilo_convention), issue.code


@every_issue
def test_an_indicator_of_forced_labour_names_the_convention_on_it(issue: Issue) -> None:
    assert issue.ilo_indicator is None or "C29" in issue.ilo_convention


def test_what_endangers_life_at_once_is_as_grave_as_can_be() -> None:
    dangers = [issue for issue in shipped().codes if issue.immediate_danger]

    assert dangers
    assert all(issue.scale == 5 for issue in dangers)


def test_a_code_nobody_taught_is_unknown() -> None:
    assert not shipped().known("wages.moon")
    with pytest.raises(UnknownCode):
        shipped().issue("wages.moon")
    with pytest.raises(UnknownCode):
        shipped().group_of("wages.moon")


def test_nothing_in_it_can_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        shipped().issue("wages.unpaid").scale = 1


def test_without_a_file_the_shipped_one_is_used() -> None:
    assert load() is shipped()


def test_an_operators_file_teaches_a_new_code(operators_file: Callable[[Change], Path]) -> None:
    def teach(content: dict[str, Any]) -> None:
        content["version"] = "ours-7"
        content["codes"].append(
            {
                "code": "safety.transport",
                "scale": 4,
                "irremediability": 5,
                "labels": dict.fromkeys(LANGUAGES, "Dangerous transport to work"),
            }
        )

    taxonomy = load(operators_file(teach))

    assert taxonomy.version == "ours-7"
    assert taxonomy.known("safety.transport")
    assert taxonomy.group_of("safety.transport").default_severity == 4
    assert not shipped().known("safety.transport")


def test_an_operators_file_replaces_the_shipped_one_whole(
    operators_file: Callable[[Change], Path],
) -> None:
    taxonomy = load(operators_file(lambda content: content["codes"].pop()))

    assert len(taxonomy.codes) == len(shipped().codes) - 1


@pytest.mark.parametrize(("change", "told"), MALFORMED)
def test_a_malformed_file_is_refused_and_says_where(
    operators_file: Callable[[Change], Path], change: Change, told: str
) -> None:
    with pytest.raises(MalformedTaxonomy, match=told) as refused:
        load(operators_file(change))

    assert str(refused.value).startswith(str(operators_file(change)))


@pytest.mark.parametrize("content", [b"", b"[]", b'{"version": "1"', b"\xff\xfe"])
def test_a_file_that_is_no_taxonomy_at_fileis_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "ours.json"
    path.write_bytes(content)

    with pytest.raises(MalformedTaxonomy, match=r"ours\.json"):
        load(path)


def test_a_file_that_is_not_there_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "ours.json")
