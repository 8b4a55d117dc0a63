"""Which secrets an installation on Kubernetes has: their names and keys, and what fills them.

`python tools/k8s secrets FOLDER [--dev]` makes what is missing in a folder that only its owner may
enter, and prints it all as manifests for `kubectl apply -f -`. Nothing of it is in the repository.
"""

import base64
import json
from collections.abc import Mapping
from pathlib import Path

from compose_secrets import nats_passwords, told
from sizes import NAMES

from tocsin_cli.files import make_directory
from tocsin_cli.secrets import Secrets
from tocsin_contracts.permissions import PROVISION, USERS
from tocsin_contracts.streams import SERVICES

DATABASE_URL = "tocsin_database_url"
NATS_PASSWORDS, NATS_ROUTES = "nats-passwords", "nats-routes"
BACKUP_STORE, ATTACHMENT_STORE = "backup-store", "attachment-store"
STORE_KEYS = ("tocsin_attachments_key_id", "tocsin_attachments_secret_key")
ROUTE = "nats-route://routes:{password}@nats-{number}.nats-headless.tocsin.svc.cluster.local:6222"


def of_installation(secrets: Secrets, *, development: bool) -> dict[str, dict[str, str]]:
    """Every secret by name; the databases' own only where no operator makes them."""
    containers = told(secrets)
    services = {
        NAMES[service]: {
            name: value for name, value in containers[service].items() if name != DATABASE_URL
        }
        for service in SERVICES
    }
    routes = secrets.nats_password("routes")
    servers = ", ".join(f'"{ROUTE.format(password=routes, number=number)}"' for number in range(3))
    all_of_them = {
        **services,
        PROVISION: containers[PROVISION],
        NATS_PASSWORDS: {"passwords.conf": nats_passwords(secrets, users=(*USERS, "sys"))},
        NATS_ROUTES: {
            "routes.conf": f'ROUTES_PASSWORD: "{routes}"\nROUTES: [{servers}]\n',
        },
    }
    if not development:
        return all_of_them
    databases = {
        f"postgres-{NAMES[service]}-app": {"uri": containers[service][DATABASE_URL]}
        for service in SERVICES
    }
    return {
        **all_of_them,
        **databases,
        "postgres": containers["postgres"],
        ATTACHMENT_STORE: dict.fromkeys(STORE_KEYS, ""),
    }


def keys_by_name() -> dict[str, tuple[str, ...]]:
    """The keys of every secret that somebody must provide in production."""
    made = of_installation(Secrets.generate(), development=False)
    stores = {BACKUP_STORE: ("access_key_id", "secret_access_key"), ATTACHMENT_STORE: STORE_KEYS}
    return {name: tuple(sorted(values)) for name, values in made.items()} | stores


def manifests(folder: Path, *, development: bool) -> str:
    """Everything as one Kubernetes list."""
    secrets = Secrets.of(make_directory(folder, passable=False))
    made = of_installation(secrets, development=development)
    items = [_secret(name, values) for name, values in made.items()]
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": items}, indent=1)


def _secret(name: str, values: Mapping[str, str]) -> dict[str, object]:
    data = {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": "tocsin"},
        "type": "Opaque",
        "data": data,
    }
