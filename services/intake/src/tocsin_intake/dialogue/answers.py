"""What a worker is told of what came of a request, in the worker's language."""

from tocsin_intake.dialogue import phrases
from tocsin_intake.dialogue.schemas import Back, ConsentShown, MessageShown
from tocsin_intake.dialogue.service import Outcome


def back(outcome: Outcome, wanted: str | None) -> Back:
    """Say what came of it; a number nobody was given is answered in the same shape."""
    found = outcome.found
    language = phrases.language_of(wanted, found.language if found else None)
    if found is None:
        return Back(text=phrases.phrase(language, "unknown"), language=language)
    hint = ""
    if outcome.needs_own_number:
        hint = "own_number_needed"
    elif not outcome.done:
        hint = "not_possible"
    elif not found.renewed:
        hint = "own_number_offered"
    return Back(
        known=True,
        done=outcome.done,
        status=found.status,
        text=phrases.phrase(language, found.status),
        hint=phrases.phrase(language, hint) if hint else "",
        language=language,
        received_on=found.received_at.date(),
        acknowledged_on=found.acknowledged_at.date() if found.acknowledged_at else None,
        consent=ConsentShown(
            share=found.agreed.share,
            supplier_contact=found.agreed.supplier_contact,
            contact_me=found.agreed.contact_me,
        ),
        messages=[
            MessageShown(author=one.author, written_on=one.written_at.date(), words=one.words)
            for one in outcome.messages
        ],
        messages_there=found.messages,
        own_number=found.own,
        new_receipt=outcome.new_receipt,
        new_pin=outcome.new_pin,
        certificate=outcome.certificate,
    )
