"""The folder /etc/nats as a pod of the rendered StatefulSet would see it, at other addresses."""

import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from importlib import import_module
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from deploy.checks.rendered import Object, named, pod_of
from tocsin_cli.secrets import Secrets

sys.path += ["tools", "tools/k8s"]

Made = dict[str, dict[str, str]]
of_installation: Callable[..., Made] = import_module("secrets_of").of_installation
PORTS = (4222, 6222, 8222)


def mounted(objects: Sequence[Object], secrets: Secrets, tls: dict[str, str]) -> dict[str, str]:
    """Every file of the volume `config`, from the sources that the StatefulSet names."""
    made = {**of_installation(secrets, development=True), "nats-tls": tls}
    pod = pod_of(named(objects, "StatefulSet", "nats")) or {}
    [volume] = [one for one in pod["spec"]["volumes"] if one["name"] == "config"]
    files: dict[str, str] = {}
    for source in volume["projected"]["sources"]:
        if config := source.get("configMap"):
            files |= named(objects, "ConfigMap", config["name"].rpartition("-")[0])["data"]
        if secret := source.get("secret"):
            values = made[secret["name"]]
            items = secret.get("items") or [{"key": key, "path": key} for key in values]
            files |= {one["path"]: values[one["key"]] for one in items}
    return files


def write(
    files: dict[str, str],
    folder: Path,
    ports: Sequence[dict[int, int]],
    number: int = 0,
) -> Path:
    """Write it for server `number` of those that have these ports, and return the main file."""
    own = ports[number]
    for name, text in files.items():
        for other, theirs in enumerate(ports):
            host = f"nats-{other}.nats-headless.tocsin.svc.cluster.local:6222"
            text = text.replace(f"@{host}", f"@127.0.0.1:{theirs[6222]}")  # noqa: PLW2901
        for port in PORTS:
            text = text.replace(f"port: {port}\n", f"port: {own[port]}\n")  # noqa: PLW2901
        text = (  # noqa: PLW2901
            text.replace("/etc/nats/", f"{folder}/")
            .replace("/data", str(folder / "data"))
            .replace("/tmp/nats.pid", str(folder / "nats.pid"))  # noqa: S108
        )
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder / "nats-server.conf"


def certificates() -> dict[str, str]:
    """What cert-manager would put into the secret nats-tls, for this machine."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "nats")])
    now = datetime.now(UTC)
    names = x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(names, critical=False)
        .sign(key, SHA256())
    )
    pem = certificate.public_bytes(Encoding.PEM).decode()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return {"tls.crt": pem, "tls.key": private, "ca.crt": pem}
