"""A rendered pod run as plain processes: its command, variables and files, on a test's servers."""

import asyncio
import os
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.checks.nats_folder import of_installation
from deploy.checks.rendered import Object, named
from tocsin_cli.embedded.ports import free_port
from tocsin_common.testing.servers import Servers

NAMES = {
    "intake": "intake",
    "cases": "cases",
    "notifications": "notifications",
    "buyer-portal-api": "buyer_portal_api",
}


@dataclass
class Pod:
    """One pod's environment, and the processes in it."""

    name: str
    variables: dict[str, str]
    port: int
    words: tuple[str, ...] = ()
    """Its container's command, where that is not the image's."""

    @property
    def ready_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/readyz"

    async def run_to_end(self, *command: str) -> int:
        """Run what an init container or a job runs; its container's own command without any."""
        process = await self.spawn(*command)
        return await process.wait()

    async def spawn(self, *command: str) -> asyncio.subprocess.Process:
        image = (sys.executable, "-m", "tocsin_common.container")
        return await asyncio.create_subprocess_exec(
            *((*image, *command) if command else (sys.executable, *self.words[1:])),
            env=self.variables,
            stderr=asyncio.subprocess.DEVNULL,
        )

    @asynccontextmanager
    async def running(self, command: str) -> AsyncGenerator[asyncio.subprocess.Process]:
        process = await self.spawn(command)
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()


def pod_on(
    objects: Sequence[Object], spec: Object, name: str, servers: Servers, folder: Path
) -> Pod:
    """Give a pod what its manifest says, but for the addresses of the servers.

    Args:
        objects: the overlay.
        spec: the pod's specification.
        name: of the workload it belongs to.
        servers: where its database and NATS are.
        folder: where its files go.
    """
    own = folder / name
    own.mkdir()
    for file, text in _files(spec, servers).items():
        (own / file).write_text(text)
    [container] = spec["containers"]
    variables: dict[str, str] = {}
    for source in container["envFrom"]:
        reference = source["configMapRef"]["name"].rpartition("-")[0]
        variables |= named(objects, "ConfigMap", reference)["data"]
    service = container["image"].rpartition("/")[2].partition(":")[0]
    port = free_port()
    here = {
        "PATH": os.environ["PATH"],
        "TOCSIN_SERVICE": NAMES[service],
        "TOCSIN_SECRETS_DIR": str(own),
        "TOCSIN_NATS_URL": servers.nats.url,
        "TOCSIN_HOST": "127.0.0.1",
        "TOCSIN_PORT": str(port),
        "TOCSIN_METRICS_PORT": "0",
    }
    variables = _with_claims(spec, variables, folder)
    return Pod(name, variables | here, port, tuple(container.get("command", ())))


def claimed(folder: Path, claim: str) -> Path:
    """Where this machine keeps what is on a volume that pods share."""
    return folder / "claims" / claim


def _with_claims(spec: Object, variables: dict[str, str], folder: Path) -> dict[str, str]:
    """Name a folder of this machine wherever a variable names a mounted claim."""
    claims = {
        volume["name"]: volume["persistentVolumeClaim"]["claimName"]
        for volume in spec["volumes"]
        if "persistentVolumeClaim" in volume
    }
    places = {
        mount["mountPath"]: claimed(folder, claims[mount["name"]])
        for mount in spec["containers"][0]["volumeMounts"]
        if mount["name"] in claims
    }
    for place in places.values():
        place.mkdir(parents=True, exist_ok=True)
    return {name: str(places.get(value, value)) for name, value in variables.items()}


def _files(spec: Object, servers: Servers) -> dict[str, str]:
    """The volume `secrets`, as the kubelet would fill it."""
    made = of_installation(servers.secrets, development=True)
    for name, service in NAMES.items():
        made[f"postgres-{name}-app"] = {"uri": servers.postgres.url(service)}
    [volume] = [one for one in spec["volumes"] if one["name"] == "secrets"]
    files: dict[str, str] = {}
    for source in volume["projected"]["sources"]:
        values = made[source["secret"]["name"]]
        items = source["secret"].get("items") or [{"key": key, "path": key} for key in values]
        files |= {one["path"]: values[one["key"]] for one in items}
    return files
