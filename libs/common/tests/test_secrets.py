"""What is sealed, hashed and signed opens, matches and verifies for nobody else."""

import base64
from pathlib import Path

import pytest
from nacl.public import PrivateKey
from pydantic import SecretStr, ValidationError

from tocsin_common.keyed import keyed_hash, same
from tocsin_common.sealing import Box, Unreadable, new_key, seal, unseal
from tocsin_common.settings import Settings
from tocsin_common.signatures import ForgedStatement, Signer, Verifier, signer_of

WORDS = "We have not been paid. 我们没有拿到工资。".encode()
CANARY = "canary20c4"


def test_sealed_words_open_under_their_key_and_for_what_they_belong_to() -> None:
    key = new_key()

    sealed = seal(key, WORDS, about=b"complaint 1")

    assert unseal(key, sealed, about=b"complaint 1") == WORDS
    assert WORDS not in sealed
    assert seal(key, WORDS, about=b"complaint 1") != sealed


def test_sealed_words_open_for_nobody_else() -> None:
    key = new_key()
    sealed = seal(key, WORDS, about=b"complaint 1")
    changed = sealed[:-1] + bytes([sealed[-1] ^ 1])

    for bad_key, bytes_, about in (
        (new_key(), sealed, b"complaint 1"),
        (key, sealed, b"complaint 2"),
        (key, changed, b"complaint 1"),
        (key, b"", b"complaint 1"),
    ):
        with pytest.raises(Unreadable):
            unseal(bad_key, bytes_, about=about)


def test_a_box_is_read_by_the_one_it_was_sealed_to_and_says_who_sealed_it() -> None:
    intake, cases, stranger = (PrivateKey.generate() for _ in range(3))
    to_cases = Box(bytes(intake), bytes(cases.public_key))
    at_cases = Box(bytes(cases), bytes(intake.public_key))
    forging = Box(bytes(stranger), bytes(cases.public_key))

    assert at_cases.unseal(to_cases.seal(WORDS)) == WORDS
    with pytest.raises(Unreadable):
        at_cases.unseal(forging.seal(WORDS))
    with pytest.raises(Unreadable):
        at_cases.unseal(WORDS)


def test_what_was_sealed_under_replaced_keys_opens_and_nothing_more_is_sealed_under_them() -> None:
    intake, cases, new_intake, new_cases = (PrivateKey.generate() for _ in range(4))
    before = Box(bytes(intake), bytes(cases.public_key))
    after = Box(bytes(new_intake), bytes(new_cases.public_key))
    old, new = (
        (bytes(own), bytes(other.public_key))
        for own, other in ((cases, intake), (new_cases, new_intake))
    )
    turning, turned = Box(*new, also=[old]), Box(*new)

    assert turning.unseal(before.seal(WORDS)) == turning.unseal(after.seal(WORDS)) == WORDS
    assert after.unseal(turning.seal(WORDS)) == WORDS
    with pytest.raises(Unreadable):
        turned.unseal(before.seal(WORDS))


def test_of_some_public_keys_the_one_that_verifies_is_found() -> None:
    signer, other, stranger = (Signer(new_key()) for _ in range(3))
    signature = signer.sign("told")

    assert signer_of("told", signature, [other.public_key, signer.public_key]) == signer.public_key
    assert signer_of("told", signature, [stranger.public_key]) is None
    assert signer_of("told otherwise", signature, [signer.public_key]) is None


def test_a_signature_holds_for_one_statement_by_one_key() -> None:
    signer, other = Signer(new_key()), Signer(new_key())
    verifier = Verifier({signer.key_id: signer.public_key})
    signature = signer.sign("told")

    verifier.verify("told", signature, signer.key_id)

    for statement, signed, by in (
        ("told otherwise", signature, signer.key_id),
        ("told", other.sign("told"), signer.key_id),
        ("told", other.sign("told"), other.key_id),
        ("told", b"short", signer.key_id),
    ):
        with pytest.raises(ForgedStatement):
            verifier.verify(statement, signed, by)


def test_a_keyed_hash_depends_on_key_purpose_and_where_parts_end() -> None:
    hashes = [
        keyed_hash(b"k" * 32, "receipt", "a", "bc"),
        keyed_hash(b"k" * 32, "receipt", "ab", "c"),
        keyed_hash(b"k" * 32, "receipt", "abc"),
        keyed_hash(b"k" * 32, "reference", "a", "bc"),
        keyed_hash(b"j" * 32, "receipt", "a", "bc"),
    ]

    assert len(set(hashes)) == 5
    assert keyed_hash(b"k" * 32, "receipt", "a", b"bc") == hashes[0]
    assert keyed_hash(b"k" * 32, "receipt", "\ud800")


def test_secrets_are_compared_whole() -> None:
    assert same("secret", "secret")
    assert not same("secret", "secre")
    assert not same("", "secret")


def test_a_setting_that_is_wrong_is_named_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_DATABASE_URL", f"postgresql://tocsin:{CANARY}@db/tocsin")
    monkeypatch.setenv("TOCSIN_HASH_KEY", base64.b64encode(CANARY.encode()).decode())
    monkeypatch.setenv("TOCSIN_PORT", CANARY)

    with pytest.raises(ValidationError) as caught:
        Settings()  # pyright: ignore[reportCallIssue]

    assert "hash_key" in str(caught.value)
    assert "port" in str(caught.value)
    assert CANARY not in str(caught.value)
    assert base64.b64encode(CANARY.encode()).decode() not in str(caught.value)


def test_settings_do_not_show_their_secrets() -> None:
    settings = Settings(
        database_url=SecretStr(CANARY),
        nats_password=SecretStr(CANARY),
        admin_key=SecretStr(CANARY),
        hash_key=CANARY.encode().ljust(32),
    )

    assert CANARY not in f"{settings!r} {settings}"


def test_secrets_may_be_files(tmp_path: Path) -> None:
    (tmp_path / "tocsin_database_url").write_text("postgresql://db/tocsin\n")
    (tmp_path / "tocsin_hash_key").write_text(base64.b64encode(b"k" * 32).decode())

    settings = Settings(_secrets_dir=tmp_path)  # pyright: ignore[reportCallIssue]

    assert settings.database_url.get_secret_value() == "postgresql://db/tocsin"
    assert settings.hash_key == b"k" * 32
