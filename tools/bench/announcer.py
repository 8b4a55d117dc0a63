"""Cases' voice: alerts told to ALERTS at fixed times. `announcer.py COUNT RATE ORGANISATION`.

Prints the ids of the alerts, one a line. The environment says where NATS is and who cases is.
"""

import asyncio
import base64
import os
import sys
import time
from datetime import UTC, date, datetime
from uuid import UUID, uuid4

import nats

from tocsin_common.signatures import Signer
from tocsin_contracts.alerts import (
    Alert,
    AlertState,
    Ask,
    Level,
    NamedFacility,
    NamedOrganisation,
    SupplierPosition,
)
from tocsin_contracts.events.alerts import AlertRaised
from tocsin_contracts.permissions import inbox_prefix


def an_alert(organisation: UUID) -> Alert:
    return Alert(
        alert_id=uuid4(),
        version=1,
        state=AlertState.ACTIVE,
        level=Level.BUYERS_CONFIRMED,
        slot=datetime(2026, 3, 3, 12, tzinfo=UTC),
        organisations=(
            NamedOrganisation(
                organisation_id=organisation, name="Bench Operator", roles=("operator",)
            ),
        ),
        country="BD",
        issue_group="wages",
        severity=3,
        ask=Ask.ENGAGE_SUPPLIER,
        supplier_position=SupplierPosition.SILENT,
        review_by=date(2027, 9, 1),
        facility=NamedFacility(facility_id=uuid4(), name="Bench Facility"),
    )


async def main(count: int, rate: float, organisation: UUID) -> None:
    signer = Signer(base64.b64decode(os.environ["TOCSIN_ALERT_SIGNING_KEY"]))
    client = await nats.connect(
        os.environ["TOCSIN_NATS_URL"],
        user="cases",
        password=os.environ["TOCSIN_NATS_PASSWORD"],
        inbox_prefix=inbox_prefix("cases"),
    )
    began = time.perf_counter()
    for number in range(count):
        await asyncio.sleep(max(0.0, began + number / rate - time.perf_counter()))
        alert = an_alert(organisation)
        statement = alert.model_dump_json()
        event = AlertRaised(
            alert_id=alert.alert_id,
            version=1,
            occurred_at=alert.slot,
            statement=statement,
            signature=signer.sign(statement),
            key_id=signer.key_id,
        )
        await client.jetstream().publish(event.subject, event.model_dump_json().encode())
        print(alert.alert_id)
    await client.close()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), float(sys.argv[2]), UUID(sys.argv[3])))
