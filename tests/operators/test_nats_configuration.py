"""What nats-server is told: hashes, and limits that add up."""

import re
import subprocess
from pathlib import Path

import bcrypt
import pytest
from tools import nats_certificates, nats_config
from tools.compose_secrets import nats_passwords

from tocsin_cli.embedded.binaries import nats_program
from tocsin_cli.secrets import Secrets
from tocsin_contracts.permissions import USERS
from tocsin_contracts.streams import STREAMS

INSTALLATIONS = {
    "one machine": nats_config.ONE_MACHINE,
    "cluster": nats_config.CLUSTER,
}


def test_the_server_is_told_hashes_only() -> None:
    secrets = Secrets.generate()

    told = nats_passwords(secrets)

    for user in USERS:
        password = secrets.nats_password(user)
        assert password not in told
        [hashed] = re.findall(f'^{user.upper()}_PASSWORD: "(.+)"$', told, re.MULTILINE)
        assert bcrypt.checkpw(password.encode(), hashed.encode())


def test_a_hash_changes_only_with_its_password() -> None:
    secrets = Secrets.generate()
    told = nats_passwords(secrets)

    assert nats_passwords(secrets, told) == told
    assert not set(told.splitlines()) & set(nats_passwords(Secrets.generate(), told).splitlines())


@pytest.mark.parametrize("of", INSTALLATIONS.values(), ids=INSTALLATIONS.keys())
def test_the_account_holds_every_copy_of_every_stream(of: nats_config.Installation) -> None:
    told = nats_config.configuration(of, kubernetes=False)
    [account] = map(int, re.findall(r"max_file: (\d+)", told))
    [server] = map(int, re.findall(r"max_file_store: (\d+)", told))

    streams = sum(of.max_bytes for _ in STREAMS)
    assert account == of.replicas * streams
    assert server == streams


@pytest.mark.parametrize("path", nats_config.FILES, ids=str)
def test_nats_server_takes_every_file_that_is_shipped(path: Path, tmp_path: Path) -> None:
    made = nats_certificates.make(["nats"])
    text = nats_config.FILES[path]
    operator = 'SYS_PASSWORD: "none"\n' if "$SYS_PASSWORD" in text else ""
    beside = {
        "nats-server.conf": nats_config.FILES[Path("deploy/nats/nats-server.conf")],
        "passwords.conf": nats_passwords(Secrets.generate()) + operator,
        "cluster.conf": "",
        "tls.conf": "",
        "ca.crt": made.authority,
        "tls.crt": made.server,
        "tls.key": made.server_key,
        path.name: text,
    }
    for name, content in beside.items():
        (tmp_path / name).write_text(content.replace("/etc/nats/tls", str(tmp_path)))

    said = subprocess.run(
        [nats_program(None), "-t", "--config", tmp_path / path.name],
        env={"SERVER_NAME": "tocsin"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert said.returncode == 0, said.stderr
