"""Three nats-servers that are one, configured as for Kubernetes, on ports of this machine."""

import os
import time
import urllib.request
from pathlib import Path

from tools import nats_config
from tools.compose_secrets import nats_passwords
from tools.nats_certificates import Certificates

from tocsin_cli.embedded.account import server_account
from tocsin_cli.embedded.binaries import nats_program
from tocsin_cli.embedded.child import Child
from tocsin_cli.embedded.ports import free_port
from tocsin_cli.embedded.starting import require_open
from tocsin_cli.files import make_directory
from tocsin_cli.secrets import Secrets

HOST = "127.0.0.1"
PATIENCE = 60.0  # seconds until three servers have found each other
LOOK = 0.1

_ROUTES = """\
cluster {{
  name: tocsin
  listen: "{host}:{port}"
  routes: {routes}
  tls {{ cert_file: "{folder}/tls.crt", key_file: "{folder}/tls.key", ca_file: "{folder}/ca.crt" }}
}}
"""


class Node:
    """One server of the cluster: its folder, its ports, its process."""

    def __init__(self, root: Path, number: int) -> None:
        self.name = f"nats-{number}"
        self.folder = root / self.name
        self.port, self.route, self.monitor = (free_port() for _ in range(3))
        self.child: Child | None = None

    @property
    def running(self) -> bool:
        return self.child is not None and self.child.running

    @property
    def healthy(self) -> bool:
        """Whether it says that it is in the cluster and has all its streams."""
        try:
            with urllib.request.urlopen(f"http://{HOST}:{self.monitor}/healthz", timeout=2):
                return True
        except OSError:
            return False


class NatsCluster:
    """The cluster as a `Stack` uses a server: what has died is started again by `start`."""

    def __init__(self, root: Path, secrets: Secrets, _: int, *, certificates: Certificates) -> None:
        self._root = make_directory(root, passable=True)
        self._secrets = secrets
        self._account = server_account()
        self.nodes = [Node(self._root, number) for number in range(3)]
        self._certificates = certificates
        for node in self.nodes:
            self._configure(node)

    @property
    def url(self) -> str:
        return ",".join(f"tls://{HOST}:{node.port}" for node in self.nodes)

    @property
    def running(self) -> bool:
        return all(node.running for node in self.nodes)

    @property
    def pid(self) -> int | None:
        """The first one's."""
        first = self.nodes[0].child
        return first.pid if first else None

    def start(self) -> None:
        require_open(self._root, self._account)
        for node in self.nodes:
            if not node.running:
                node.child = self._spawn(node)
        deadline = time.monotonic() + PATIENCE
        while not all(node.healthy for node in self.nodes):
            assert time.monotonic() < deadline, self._said()
            time.sleep(LOOK)

    def ask_to_stop(self) -> None:
        for node in self.nodes:
            if node.child:
                node.child.ask_to_stop()

    def stop(self) -> None:
        for node in self.nodes:
            if node.child:
                node.child.stop()

    def kill(self) -> None:
        for node in self.nodes:
            self.kill_node(node.name)

    def kill_node(self, name: str) -> None:
        """End one server at once, as a power cut would."""
        [node] = [node for node in self.nodes if node.name == name]
        if node.child:
            node.child.kill()

    def _configure(self, node: Node) -> None:
        """Write what the manifests would mount, beside each other."""
        folder = make_directory(node.folder, passable=True)
        made = self._certificates
        routes = [f"tls://{HOST}:{other.route}" for other in self.nodes]
        shipped = nats_config.configuration(nats_config.CLUSTER, kubernetes=True)
        files = {
            "nats-server.conf": shipped.replace("/data", str(folder / "data")),
            "passwords.conf": nats_passwords(self._secrets) + 'SYS_PASSWORD: "unused in tests"\n',
            "tls.conf": nats_config.encryption(str(folder)),
            "cluster.conf": _ROUTES.format(
                host=HOST, port=node.route, routes=routes, folder=folder
            ).replace("'", '"'),
            "ca.crt": made.authority,
            "tls.crt": made.server,
            "tls.key": made.server_key,
        }
        for name, text in files.items():
            (folder / name).write_text(text)
            (folder / name).chmod(0o644)
        store = folder / "data"
        store.mkdir()
        if self._account:
            os.chown(store, self._account.uid, self._account.gid)

    def _spawn(self, node: Node) -> Child:
        chosen = {
            "config": node.folder / "nats-server.conf",
            "addr": HOST,
            "port": node.port,
            "http_port": node.monitor,
            "pid": node.folder / "data" / "pid",
        }
        options = [part for name, value in chosen.items() for part in (f"--{name}", str(value))]
        return Child(
            [str(nats_program(self._account)), *options],
            log=self._log(node),
            environment={"PATH": "/usr/bin:/bin", "TZ": "UTC", "SERVER_NAME": node.name},
            directory=node.folder,
            account=self._account,
        )

    def _log(self, node: Node) -> Path:
        return node.folder / "log"

    def _said(self) -> str:
        return "\n".join(self._log(node).read_text()[-800:] for node in self.nodes)
