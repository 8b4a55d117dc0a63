"""An intake that seals nothing: what sealing costs is the difference. `unsealed.py api`.

Whatever a complaint says lies in the database as it came, without a data key beside it. The part
that cases reads was put in its box once, before the first complaint, so that cases can go on.
Nothing in Tocsin itself can be told to do this.
"""

from uuid import UUID

from tocsin_common.sealing import Box, new_key, public_key_of
from tocsin_common.service import main
from tocsin_contracts.events.complaints import Reported
from tocsin_contracts.streams import INTAKE
from tocsin_intake import app
from tocsin_intake.acceptance import storing
from tocsin_intake.settings import Settings
from tocsin_intake.vault import Account, Contact, KeyWrapper, Sealed, TagKeys, Vault

_WITH_KEYS = """
), keys as (
    insert into data_key (complaint_id, wrapped) select * from unnest($1::uuid[], $7::bytea[])
)
"""
_WITHOUT_KEYS = """
), keys as (select $7::bytea[])
"""


class OpenVault(Vault):
    """Keeps what it is given as it is."""

    def __init__(self, keys: KeyWrapper, tags: TagKeys, cases: Box) -> None:
        super().__init__(keys, tags, cases)
        reported = tags.reported(Reported(facility_name="Bench Facility 1"), "phone", "bench")
        self._for_cases = cases.seal(reported.model_dump_json().encode())
        self._public_key = public_key_of(new_key())

    def seal(
        self,
        complaint_id: UUID,  # noqa: ARG002
        account: Account,
        contact: Contact | None,
        contact_key: bytes | None = None,  # noqa: ARG002
    ) -> Sealed:
        """Write down everything that sealing would write down, and seal nothing."""
        account.reported.model_dump_json()  # it would travel, sealed or not
        return Sealed(
            wrapped_key=b"",
            words=account.model_dump_json().encode(),
            contact=contact.model_dump_json().encode() if contact else None,
            for_cases=self._for_cases,
            public_key=self._public_key,
        )


def leave_out_the_sealing() -> None:
    """Put the open vault in the place of the real one.

    Raises:
        LookupError: acceptance does not store data keys as it did; this file is behind.
    """
    if _WITH_KEYS not in storing._STORE:  # pyright: ignore[reportPrivateUsage]
        raise LookupError("the statement that stores complaints is another")
    storing._STORE = storing._STORE.replace(  # pyright: ignore[reportPrivateUsage]
        _WITH_KEYS, _WITHOUT_KEYS
    )
    app.Vault = OpenVault  # pyright: ignore[reportPrivateImportUsage]


if __name__ == "__main__":
    leave_out_the_sealing()
    main(INTAKE, app.create_app, Settings)
