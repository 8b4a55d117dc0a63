"""What the rendered NATS configuration does, told by nats-server itself."""

import asyncio
import os
import ssl
import subprocess
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import nats
import pytest
from nats.aio.client import Client

from deploy.checks.nats_folder import PORTS, certificates, mounted, write
from deploy.checks.rendered import Object, named
from tocsin_cli.embedded.ports import free_port
from tocsin_cli.secrets import Secrets
from tocsin_common import provision
from tocsin_common.testing import eventually
from tocsin_contracts.permissions import PROVISION, inbox_prefix
from tocsin_contracts.streams import CONSUMERS, STREAMS

SERVER = ".venv/bin/nats-server"
PATIENCE = 60.0


def free_ports(count: int) -> list[dict[int, int]]:
    taken: set[int] = set()
    while len(taken) < count * len(PORTS):
        taken.add(free_port())
    numbers = iter(taken)
    return [{port: next(numbers) for port in PORTS} for _ in range(count)]


def checked(config: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [SERVER, "-t", "-c", str(config)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"SERVER_NAME": "nats-0"},
    )


def test_nats_server_accepts_its_configuration(objects: list[Object], tmp_path: Path) -> None:
    files = mounted(objects, Secrets.generate(), certificates())

    done = checked(write(files, tmp_path, free_ports(3)))

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("file", "was", "becomes"),
    [
        ("nats-server.conf", "max_payload", "max_paylaod"),
        ("passwords.conf", "CASES_PASSWORD", "CASE_PASSWORD"),
        ("routes.conf", "ROUTES:", "ROUTE:"),
        ("tls.conf", "tls.crt", "tls.cert"),
        ("cluster-tls.conf", "verify", "verifies"),
    ],
)
def test_a_mistake_in_it_is_refused(
    production: list[Object], tmp_path: Path, file: str, was: str, becomes: str
) -> None:
    files = mounted(production, Secrets.generate(), certificates())
    assert was in files[file]
    files[file] = files[file].replace(was, becomes)

    done = checked(write(files, tmp_path, free_ports(3)))

    assert done.returncode != 0


@asynccontextmanager
async def cluster(
    files: dict[str, str], folder: Path, ports: list[dict[int, int]]
) -> AsyncGenerator[list[asyncio.subprocess.Process]]:
    """Three servers, each with its own folder."""
    servers: list[asyncio.subprocess.Process] = []
    try:
        for number in range(len(ports)):
            own = folder / f"nats-{number}"
            config = write(files, own, ports, number)
            with (own / "log").open("w") as log:
                servers.append(
                    await asyncio.create_subprocess_exec(
                        SERVER,
                        "-c",
                        str(config),
                        env=os.environ | {"SERVER_NAME": f"nats-{number}"},
                        stdout=log,
                        stderr=log,
                    )
                )
        yield servers
    finally:
        for server in servers:
            if server.returncode is None:
                server.kill()
            await server.wait()


async def connect(
    user: str, password: str, ports: list[dict[int, int]], ca: Path, **options: object
) -> Client:
    context = ssl.create_default_context(cafile=ca)
    return await nats.connect(
        [f"tls://127.0.0.1:{one[4222]}" for one in ports],
        user=user,
        password=password,
        tls=context,
        tls_handshake_first=True,
        inbox_prefix=inbox_prefix(user),
        connect_timeout=2,
        **options,  # pyright: ignore[reportArgumentType]
    )


async def test_three_servers_form_a_cluster_take_the_streams_and_lose_one(
    production: list[Object], tmp_path: Path
) -> None:
    secrets = Secrets.generate()
    files = mounted(production, secrets, certificates())
    ports = free_ports(3)
    told = named(production, "ConfigMap", "provision")["data"]
    settings = provision.ProvisionSettings(
        stream_replicas=int(told["TOCSIN_STREAM_REPLICAS"]),
        stream_max_bytes=int(told["TOCSIN_STREAM_MAX_BYTES"]),
    )
    async with cluster(files, tmp_path, ports) as servers:
        client = await eventually(
            lambda: connected(secrets, ports, tmp_path / "nats-0/tls/ca.crt"), within=PATIENCE
        )

        async def provisioned() -> bool:
            try:
                await provision.provision(client.jetstream(timeout=5), settings)
            except Exception:
                return False
            return True

        await eventually(provisioned, within=PATIENCE)
        jetstream = client.jetstream(timeout=5)
        for stream in STREAMS:
            info = await jetstream.stream_info(stream.name)
            assert info.config.num_replicas == settings.stream_replicas
        there = {
            consumer.name
            for stream in STREAMS
            for consumer in await jetstream.consumers_info(stream.name)
        }
        assert there == {consumer.name for consumer in CONSUMERS}

        info = await jetstream.stream_info("COMPLAINTS")
        assert info.cluster
        leader = int((info.cluster.leader or "").rpartition("-")[2])
        servers[leader].kill()
        await servers[leader].wait()

        async def led_by_another() -> bool:
            try:
                now = (await jetstream.stream_info("COMPLAINTS")).cluster
            except Exception:
                return False
            return bool(now and now.leader and now.leader != f"nats-{leader}")

        await eventually(led_by_another, within=PATIENCE)
        await client.close()


async def connected(secrets: Secrets, ports: list[dict[int, int]], ca: Path) -> Client | None:
    try:
        return await connect(PROVISION, secrets.nats_password(PROVISION), ports, ca)
    except Exception:
        return None


async def test_a_server_with_the_routes_wrong_password_stays_outside(
    production: list[Object], tmp_path: Path
) -> None:
    files = mounted(production, Secrets.generate(), certificates())
    ports = free_ports(3)
    async with cluster(files, tmp_path, ports) as servers:
        servers[2].kill()
        await servers[2].wait()
        stranger = mounted(production, Secrets.generate(), certificates())
        config = write(stranger, tmp_path / "stranger", ports, 2)
        with (tmp_path / "stranger" / "log").open("w") as log:
            outside = await asyncio.create_subprocess_exec(
                SERVER, "-c", str(config), env=os.environ | {"SERVER_NAME": "nats-2"},
                stdout=log, stderr=log,
            )  # fmt: skip
        servers.append(outside)

        def refused() -> bool:
            said = (tmp_path / "stranger" / "log").read_text()
            return "TLS route handshake error" in said or "Authorization Violation" in said

        await eventually(refused, within=PATIENCE)
