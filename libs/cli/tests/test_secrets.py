"""An installation's secrets: made once, closed, and each service told its own."""

import base64
import json
from hashlib import sha256
from itertools import combinations
from pathlib import Path
from stat import S_IMODE

import pytest
from nacl.public import Box, PrivateKey, PublicKey
from nacl.signing import SigningKey, VerifyKey

from tocsin_cli.errors import Unusable
from tocsin_cli.secrets import FILE, Secrets
from tocsin_contracts.streams import BUYER_PORTAL_API, CASES, INTAKE, NOTIFICATIONS, SERVICES


def all_told(secrets: Secrets) -> dict[str, dict[str, str]]:
    return {service: secrets.environment(service) for service in SERVICES}


def test_they_are_made_once_and_only_their_owner_reads_them(tmp_path: Path) -> None:
    first = Secrets.of(tmp_path)
    again = Secrets.of(tmp_path)

    assert all_told(first) == all_told(again) == all_told(Secrets.read(tmp_path))
    assert first.postgres_password == again.postgres_password
    assert S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600
    assert all_told(Secrets.generate()) != all_told(first)


def test_what_a_newer_version_needs_is_added_and_nothing_else_changes(tmp_path: Path) -> None:
    before = all_told(Secrets.of(tmp_path))
    kept = json.loads((tmp_path / FILE).read_text())
    kept.pop("notifications.webhook_key")
    (tmp_path / FILE).write_text(json.dumps(kept))

    after = all_told(Secrets.of(tmp_path))

    assert after[NOTIFICATIONS].pop("TOCSIN_WEBHOOK_KEY")
    before[NOTIFICATIONS].pop("TOCSIN_WEBHOOK_KEY")
    assert after == before


def test_they_are_never_made_anew_beside_data_they_sealed(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()

    with pytest.raises(Unusable, match="without it the data"):
        Secrets.of(tmp_path)

    assert not (tmp_path / FILE).exists()


def test_damage_is_told_and_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text('{"postgres.password": "ha')

    with pytest.raises(Unusable, match="damaged"):
        Secrets.of(tmp_path)

    assert (tmp_path / FILE).read_text() == '{"postgres.password": "ha'


def test_services_share_no_secret_but_the_buyers_hash_key() -> None:
    told = all_told(Secrets.generate())

    shared = {
        (one, other, value)
        for one, other in combinations(SERVICES, 2)
        for value in set(told[one].values()) & set(told[other].values())
    }

    hash_key = told[BUYER_PORTAL_API]["TOCSIN_HASH_KEY"]
    verify_keys = told[BUYER_PORTAL_API]["TOCSIN_ALERT_VERIFY_KEYS"]
    assert shared == {
        (NOTIFICATIONS, BUYER_PORTAL_API, hash_key),
        (NOTIFICATIONS, BUYER_PORTAL_API, verify_keys),
    }


def test_intake_and_cases_hold_the_two_ends_of_a_box() -> None:
    secrets = Secrets.generate()
    intake, cases = secrets.environment(INTAKE), secrets.environment(CASES)

    def box(own: str, other: str) -> Box:
        return Box(PrivateKey(base64.b64decode(own)), PublicKey(base64.b64decode(other)))

    sealed = box(intake["TOCSIN_BOX_PRIVATE_KEY"], intake["TOCSIN_CASES_BOX_PUBLIC_KEY"]).encrypt(
        b"words"
    )
    opened = box(cases["TOCSIN_BOX_PRIVATE_KEY"], cases["TOCSIN_INTAKE_BOX_PUBLIC_KEY"]).decrypt(
        sealed
    )

    assert opened == b"words"


def test_buyers_services_can_verify_what_cases_signs() -> None:
    secrets = Secrets.generate()
    seed = base64.b64decode(secrets.environment(CASES)["TOCSIN_ALERT_SIGNING_KEY"])
    signed = SigningKey(seed).sign(b"an alert")

    for service in (NOTIFICATIONS, BUYER_PORTAL_API):
        name, key = secrets.environment(service)["TOCSIN_ALERT_VERIFY_KEYS"].split(":")
        assert sha256(base64.b64decode(key)).hexdigest()[:16] == name
        assert VerifyKey(base64.b64decode(key)).verify(signed) == b"an alert"


REPLACED = {
    "vault": {(INTAKE, "VAULT_KEY"): "VAULT_KEYS_BEFORE"},
    "tag": {(INTAKE, "TAG_KEY"): "TAG_KEYS_BEFORE"},
    "receipt": {(INTAKE, "RECEIPT_KEY"): "RECEIPT_KEYS_BEFORE"},
    "box": {
        (CASES, "BOX_PRIVATE_KEY"): "BOX_PRIVATE_KEYS_BEFORE",
        (CASES, "INTAKE_BOX_PUBLIC_KEY"): "INTAKE_BOX_PUBLIC_KEYS_BEFORE",
    },
    "officers": {(CASES, "HASH_KEY"): "HASH_KEYS_BEFORE"},
    "buyers": {
        (NOTIFICATIONS, "HASH_KEY"): "HASH_KEYS_BEFORE",
        (BUYER_PORTAL_API, "HASH_KEY"): "HASH_KEYS_BEFORE",
    },
}


@pytest.mark.parametrize("kind", REPLACED)
def test_a_replaced_key_is_told_until_it_is_forgotten(kind: str, tmp_path: Path) -> None:
    first = all_told(Secrets.of(tmp_path))
    Secrets.with_new_key(tmp_path, kind)
    Secrets.with_new_key(tmp_path, kind)
    turning = all_told(Secrets.of(tmp_path))
    Secrets.without_old_keys(tmp_path, kind)
    turned = all_told(Secrets.of(tmp_path))

    for (service, name), name_before in REPLACED[kind].items():
        before = turning[service].pop(f"TOCSIN_{name_before}").split(",")
        assert len(before) == 2
        assert before[1] == first[service][f"TOCSIN_{name}"]
        assert turning[service][f"TOCSIN_{name}"] not in before
    assert turned == turning != first


@pytest.mark.parametrize(
    ("kind", "signer", "readers", "told_as"),
    [
        ("alert", "ALERT_SIGNING_KEY", (NOTIFICATIONS, BUYER_PORTAL_API), "ALERT_VERIFY_KEYS"),
        ("question", "QUESTION_SIGNING_KEY", (INTAKE,), "QUESTION_VERIFY_KEYS"),
    ],
)
def test_what_a_replaced_key_signed_is_verified_until_it_is_forgotten(
    kind: str, signer: str, readers: tuple[str, ...], told_as: str, tmp_path: Path
) -> None:
    first = Secrets.of(tmp_path)
    turning = Secrets.with_new_key(tmp_path, kind)
    turned = Secrets.without_old_keys(tmp_path, kind)

    seed = base64.b64decode(turned.environment(CASES)[f"TOCSIN_{signer}"])
    public = base64.b64encode(bytes(SigningKey(seed).verify_key)).decode()
    for reader in readers:
        old, both, [new] = (
            one.environment(reader)[f"TOCSIN_{told_as}"].split(",")
            for one in (first, turning, turned)
        )
        assert both == [new, *old]
        assert new.endswith(public)
    assert turning.environment(CASES) == turned.environment(CASES)


def test_a_certificate_is_shown_with_the_key_that_signed_it(tmp_path: Path) -> None:
    seed = base64.b64decode(Secrets.of(tmp_path).environment(INTAKE)["TOCSIN_CERTIFICATE_KEY"])
    told = Secrets.with_new_key(tmp_path, "certificate").environment(INTAKE)

    before = base64.b64decode(told["TOCSIN_CERTIFICATE_PUBLIC_KEYS_BEFORE"])
    assert before == bytes(SigningKey(seed).verify_key)


def test_no_key_is_replaced_that_has_no_kind(tmp_path: Path) -> None:
    Secrets.of(tmp_path)

    with pytest.raises(Unusable, match="no keys called hash"):
        Secrets.with_new_key(tmp_path, "hash")
