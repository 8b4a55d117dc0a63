"""What is sealed opens for whoever should open it, by any program that speaks NaCl's formats."""

import pytest
from nacl.public import Box as NaClBox
from nacl.public import PrivateKey, PublicKey
from nacl.secret import Aead

from tocsin_common.sealing import Box, Unreadable, new_key, public_key_of, seal, unseal

WORDS = "They keep our passports — ทุกคน".encode()


@pytest.mark.parametrize("plain", [b"", b"x", WORDS, WORDS * 1000])
def test_what_is_sealed_opens_under_its_key_and_for_what_it_is_about(plain: bytes) -> None:
    key = new_key()
    sealed = seal(key, plain, about=b"one")

    assert unseal(key, sealed, about=b"one") == plain
    assert Aead(key).decrypt(sealed, b"one") == plain
    assert unseal(key, bytes(Aead(key).encrypt(plain, b"one")), about=b"one") == plain
    for other_key, other in ((new_key(), b"one"), (key, b"another")):
        with pytest.raises(Unreadable):
            unseal(other_key, sealed, about=other)


@pytest.mark.parametrize("at", [0, 23, 24, -1])
def test_one_changed_bit_anywhere_closes_it(at: int) -> None:
    key = new_key()
    changed = bytearray(seal(key, WORDS, about=b"one"))
    changed[at] ^= 1

    with pytest.raises(Unreadable):
        unseal(key, bytes(changed), about=b"one")


@pytest.mark.parametrize("key", [b"", bytes(31), bytes(33)])
def test_nothing_is_sealed_under_half_a_key(key: bytes) -> None:
    with pytest.raises(ValueError, match="not a key"):
        seal(key, WORDS, about=b"one")


def test_the_same_words_are_never_sealed_alike() -> None:
    key, other = new_key(), new_key()
    box = Box(key, public_key_of(other))

    assert len({seal(key, WORDS, about=b"one") for _ in range(100)}) == 100
    assert len({box.seal(WORDS) for _ in range(100)}) == 100


def test_a_box_opens_for_the_two_and_nobody_else() -> None:
    own, other, third = new_key(), new_key(), new_key()
    sealed = Box(own, public_key_of(other)).seal(WORDS)

    assert Box(other, public_key_of(own)).unseal(sealed) == WORDS
    plain_box = NaClBox(PrivateKey(other), PublicKey(public_key_of(own)))
    assert plain_box.decrypt(sealed) == WORDS
    with pytest.raises(Unreadable):
        Box(third, public_key_of(own)).unseal(sealed)
