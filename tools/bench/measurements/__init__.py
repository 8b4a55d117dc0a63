"""Everything that is measured, in order. A new measurement is a module here and a line below."""

from collections.abc import Sequence

from measurement import Measurement

from measurements import (
    acceptance,
    alert_latency,
    batch,
    case_latency,
    dead_endpoint,
    deliveries,
    delivery_latency,
    events,
    matching,
    sealing,
    startup,
    storage,
)

ALL: Sequence[Measurement] = (
    acceptance.MEASUREMENT,
    sealing.MEASUREMENT,
    events.MEASUREMENT,
    case_latency.MEASUREMENT,
    startup.MEASUREMENT,
    storage.MEASUREMENT,
    deliveries.MEASUREMENT,
    dead_endpoint.MEASUREMENT,
    delivery_latency.MEASUREMENT,
    matching.MEASUREMENT,
    alert_latency.MEASUREMENT,
    batch.MEASUREMENT,  # last, in a Tocsin of its own: it leaves much to be filed
)
