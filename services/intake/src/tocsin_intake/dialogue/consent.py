"""What a change of consent means: less may be said by anybody, more only by the worker."""

from collections.abc import Sequence
from dataclasses import dataclass

from tocsin_contracts.events.complaints import Consent, SupplierContact

_SHARE: Sequence[Consent] = (Consent.REFUSED, Consent.NOT_ASKED, Consent.GIVEN)
_SUPPLIER: Sequence[SupplierContact] = (
    SupplierContact.NEVER,
    SupplierContact.GENERIC_ENQUIRY,
    SupplierContact.ABOUT_COMPLAINT,
)


@dataclass(frozen=True, slots=True)
class Agreement:
    """What a source agrees to."""

    share: Consent
    supplier_contact: SupplierContact
    contact_me: bool

    def widens(self, before: "Agreement") -> bool:
        """Whether anything is agreed to that was not before (protection V8)."""
        return (
            _SHARE.index(self.share) > _SHARE.index(before.share)
            or _SUPPLIER.index(self.supplier_contact) > _SUPPLIER.index(before.supplier_contact)
            or (self.contact_me and not before.contact_me)
        )

    def narrowed(self, by: "Agreement") -> "Agreement":
        """What is left where `by` is agreed to as well: of each the less."""
        return Agreement(
            min(self.share, by.share, key=_SHARE.index),
            min(self.supplier_contact, by.supplier_contact, key=_SUPPLIER.index),
            self.contact_me and by.contact_me,
        )
