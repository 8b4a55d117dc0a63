"""How much of everything each service gets on Kubernetes, and how long it has to end."""

from dataclasses import dataclass

from tocsin_contracts.streams import BUYER_PORTAL_API, CASES, INTAKE, NOTIFICATIONS, SERVICES

PORT, METRICS_PORT = 8080, 9090
CONNECTIONS = 200  # that a database accepts
OPERATORS_CONNECTIONS = 30  # of them: superusers, the operator, copies, backups, a person
OF_A_PROCESS = 9  # its pool, and its relay's own connection

SLEEP = 5  # seconds until nobody sends new requests
GRACE = 45  # seconds until the kubelet ends what has not ended


@dataclass(frozen=True)
class Size:
    """One service's share."""

    most_workers: int
    storage: str
    cpu: str = "100m"
    memory: str = "192Mi"
    memory_limit: str = "512Mi"
    tmp: str = "64Mi"
    most_answering: int = 3


SIZES = {
    # Attachments are cleaned in memory and written through /tmp.
    INTAKE: Size(
        4, "50Gi", cpu="500m", memory="384Mi", memory_limit="1Gi", tmp="256Mi", most_answering=12
    ),
    CASES: Size(8, "50Gi", cpu="250m"),
    NOTIFICATIONS: Size(8, "50Gi", cpu="250m"),
    BUYER_PORTAL_API: Size(6, "20Gi", most_answering=6),
}


def name_of(service: str) -> str:
    """A service's name on Kubernetes, where underscores are not allowed."""
    return service.replace("_", "-")


NAMES = {service: name_of(service) for service in SERVICES}
