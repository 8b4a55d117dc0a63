"""Write nats-server's configurations from the contracts; with `--check`, only compare them."""

import sys
from dataclasses import dataclass
from pathlib import Path

from tocsin_contracts.permissions import USERS, account
from tocsin_contracts.streams import STREAMS

GIB = 1 << 30
SPARE_CONSUMERS = 32  # an operator's own looks into a stream
K8S = Path("deploy/k8s")


@dataclass(frozen=True)
class Installation:
    """How many copies of each stream there are, and how large a stream may grow."""

    replicas: int
    max_bytes: int
    clustered: bool

    @property
    def of_one_server(self) -> int:
        """The most that one server stores: one copy of every stream."""
        return len(STREAMS) * self.max_bytes

    @property
    def of_the_account(self) -> int:
        """The most that all servers store; JetStream counts every copy."""
        return self.replicas * self.of_one_server


ONE_MACHINE = Installation(replicas=1, max_bytes=GIB, clustered=False)
CLUSTER = Installation(replicas=3, max_bytes=4 * GIB, clustered=True)


def configuration(of: Installation, *, kubernetes: bool) -> str:
    """What the server is told; passwords lie in a file beside it that is made at installation."""
    passwords = {user: f"${user.upper()}_PASSWORD" for user in USERS}
    limits = f"""{{
      max_file: {of.of_the_account}  # {len(STREAMS)} streams x {of.replicas} x {of.max_bytes}
      max_mem: 0
      max_streams: {len(STREAMS)}
      max_consumers: {SPARE_CONSUMERS}  # of one stream
      max_bytes_required: true
    }}"""
    # One server alone syncs every event to disk before it acknowledges; three servers hold three
    # copies instead.
    sync = "2m" if of.clustered else "always"
    operator = "  SYS { users: [ { user: sys, password: $SYS_PASSWORD } ] }\n" if kubernetes else ""
    return f"""\
# Generated from tocsin_contracts by tools/nats_config.py: change it there.
include ./passwords.conf
server_name: $SERVER_NAME
port: 4222
http_port: 8222
pid_file: /tmp/nats.pid
max_payload: 1MB
write_deadline: 10s
lame_duck_grace_period: 10s
lame_duck_duration: 30s
jetstream {{
  store_dir: /data
  sync_interval: {sync}
  max_memory_store: 0
  max_file_store: {of.of_one_server}
}}
accounts {{
{account(passwords, jetstream=limits)}
{operator}}}
""" + ("system_account: SYS\ninclude ./cluster.conf\ninclude ./tls.conf\n" if kubernetes else "")


FILES = {
    Path("deploy/nats/nats-server.conf"): configuration(ONE_MACHINE, kubernetes=False),
    K8S / "base/nats/nats-server.conf": configuration(ONE_MACHINE, kubernetes=True),
    K8S / "components/nats-cluster/nats-server.conf": configuration(CLUSTER, kubernetes=True),
}


def main() -> int:
    if "--check" not in sys.argv:
        for path, text in FILES.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return 0
    stale = [str(path) for path, text in FILES.items() if path.read_text() != text]
    print(f"stale, run `make docs`: {', '.join(stale)}" if stale else "NATS: as the contracts say")
    return bool(stale)


if __name__ == "__main__":
    sys.exit(main())
