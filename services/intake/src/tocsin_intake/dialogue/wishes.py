"""What a worker wishes for, as both edges put it to the one core."""

from tocsin_intake.dialogue import service
from tocsin_intake.dialogue.schemas import ConsentWanted, MessageWritten, Shown
from tocsin_intake.dialogue.window import Work


def to_look(shown: Shown) -> Work:
    return lambda tx, at: service.look(tx, at, shown.receipt, shown.pin)


def to_write(said: MessageWritten) -> Work:
    return lambda tx, at: service.write(tx, at, said.receipt, said.pin, said.words, said.reference)


def to_agree(wanted: ConsentWanted) -> Work:
    return lambda tx, at: service.agree(
        tx,
        at,
        wanted.receipt,
        wanted.pin,
        share=wanted.share,
        supplier_contact=wanted.supplier_contact,
        contact_me=wanted.contact_me,
        contact=wanted.contact,
    )


def to_withdraw(shown: Shown) -> Work:
    return lambda tx, at: service.withdraw(tx, at, shown.receipt, shown.pin)


def to_erase(shown: Shown) -> Work:
    return lambda tx, at: service.erase(tx, at, shown.receipt, shown.pin)


def to_renew(shown: Shown) -> Work:
    return lambda tx, at: service.renew(tx, at, shown.receipt)
