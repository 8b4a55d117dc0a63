"""The number a worker keeps."""

from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from tocsin_intake import receipts

KEY = bytes(32)
DIGIT_SETS = [
    "0123456789",
    "๐๑๒๓๔๕๖๗๘๙",
    "০১২৩৪৫৬৭৮৯",
    "٠١٢٣٤٥٦٧٨٩",
    "０１２３４５６７８９",
    "០១២៣៤៥៦៧៨៩",
]

digits = st.text("0123456789", min_size=15, max_size=15)


@given(st.uuids(version=4))
def test_a_receipt_is_the_same_each_time_and_reads_back(complaint_id: UUID) -> None:
    receipt = receipts.derive(KEY, complaint_id)

    assert receipt == receipts.derive(KEY, complaint_id)
    assert receipts.read(receipt) == receipt
    assert [len(group) for group in receipt.split(" ")] == [4, 4, 4, 4]


def test_another_key_gives_another_receipt() -> None:
    complaint_id = uuid4()

    assert receipts.derive(KEY, complaint_id) != receipts.derive(b"1" * 32, complaint_id)


@given(digits, st.integers(0, 15), st.integers(1, 9))
def test_one_wrong_digit_is_seen(number: str, at: int, by: int) -> None:
    whole = number + receipts.check_digit(number)
    wrong = whole[:at] + str((int(whole[at]) + by) % 10) + whole[at + 1 :]

    assert receipts.read(whole) is not None
    assert receipts.read(wrong) is None


@given(digits, st.sampled_from(DIGIT_SETS), st.sampled_from(["", " ", "-", " – ", "\u200f"]))
def test_any_scripts_digits_spaces_and_dashes_are_read(
    number: str, script: str, between: str
) -> None:
    whole = number + receipts.check_digit(number)
    typed = between.join(script[int(digit)] for digit in whole)

    if len(typed) <= 64:
        assert receipts.read(typed) == receipts.grouped(whole)


@given(st.text(max_size=40))
def test_anything_else_is_no_receipt(typed: str) -> None:
    read = receipts.read(typed)

    assert read is None or len(read.replace(" ", "")) == 16
