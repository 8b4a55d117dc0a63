"""What may be set is documented, can be set where operators run it, and nothing else is passed."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from tools.settings_doc import PLACES, Setting, reference, settings_in

from tocsin_contracts.streams import SERVICES

COMPOSE = Path("docker-compose.yml")
VARIABLE = re.compile(r"\$\{([A-Z_]+)")
BUILT_IN = {  # by images, by compose itself, or for development; nobody chooses them there
    "TOCSIN_HOST", "TOCSIN_PORT", "TOCSIN_METRICS_PORT", "TOCSIN_MIGRATE_AT_START",
    "TOCSIN_NATS_URL", "TOCSIN_ERASURE_LEDGER", "TOCSIN_OUTBOUND_PLAIN_HTTP",
}  # fmt: skip
BY_A_FILE_BESIDE = {  # an override file's: deploy/nats/tls.yml, or one's own with a mount
    "TOCSIN_NATS_CA_FILE", "TOCSIN_DATABASE_CA_FILE", "TOCSIN_SMTP_CA_FILE",
    "TOCSIN_TAXONOMY_FILE",
}  # fmt: skip
AS_THEY_ARE = {  # limits and paces that were measured as they are
    "TOCSIN_BODY_LIMIT", "TOCSIN_ATTEMPT_DAYS", "TOCSIN_ATTEMPT_TIMEOUT", "TOCSIN_SMTP_TIMEOUT",
    "TOCSIN_DIGEST_POLL_SECONDS", "TOCSIN_POLL_SECONDS", "TOCSIN_LEASE_SECONDS",
    "TOCSIN_RETRY_SCALE",
}  # fmt: skip
OF_UVICORN = {"FORWARDED_ALLOW_IPS"}  # whose `X-Forwarded-For` is believed
MADE_BY_US = re.compile(r"_(VERIFY_KEYS|PUBLIC_KEY|KEYS_BEFORE)$")


def settings_of(service: str) -> dict[str, Setting]:
    shared, own = PLACES["Every service"], PLACES[service]
    return {one.variable: one for file in (shared, own) for one in settings_in(file)}


def passed_to(service: str) -> dict[str, Any]:
    services = yaml.safe_load(COMPOSE.read_text())["services"]
    return services[service.replace("_", "-")]["environment"]


def test_every_setting_says_what_it_is() -> None:
    silent = [one.name for file in PLACES.values() for one in settings_in(file) if not one.says]

    assert silent == []
    assert Path("docs/settings.md").read_text() == reference(Path())


@pytest.mark.parametrize("service", SERVICES)
def test_compose_passes_settings_that_exist_and_no_secret(service: str) -> None:
    known = settings_of(service)
    passed = passed_to(service).keys() - OF_UVICORN

    assert passed <= known.keys()
    assert not [name for name in passed if known[name].secret]


@pytest.mark.parametrize("service", SERVICES)
def test_what_an_operator_may_choose_can_be_chosen_with_compose(service: str) -> None:
    fixed = BUILT_IN | BY_A_FILE_BESIDE | AS_THEY_ARE
    free = {
        name
        for name, one in settings_of(service).items()
        if not one.secret and not MADE_BY_US.search(name) and name not in fixed
    }

    assert free <= passed_to(service).keys()


def test_the_example_names_every_variable_of_compose_and_no_other() -> None:
    own = {"COMPOSE_PROFILES", "COMPOSE_FILE"}  # compose's
    named = set(re.findall(r"^#([A-Z_]+)=", Path(".env.example").read_text(), re.MULTILINE))

    assert named - own == set(VARIABLE.findall(COMPOSE.read_text()))
