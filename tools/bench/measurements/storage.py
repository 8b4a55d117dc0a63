"""What a complaint leaves on disks: in the databases, in PostgreSQL's log, in JetStream."""

from bench import Bench
from measurement import Found, Measurement
from world import ORDINARY

from tocsin_contracts.streams import CASES, INTAKE

_SIZE = "select pg_database_size(current_database())"
_LOG = "select (pg_current_wal_insert_lsn() - '0/0')::float8"
_COMMITS = "select xact_commit from pg_stat_database where datname = current_database()"
SECONDS = 15


def measure(bench: Bench) -> Found:
    """Load for a while, let it come to rest, and see by how much everything grew."""
    bench.load(bench.intake, 32, 3)
    bench.quiet()
    before = _on_disks(bench)
    accepted = bench.load(bench.intake, 32, SECONDS).count
    bench.quiet()
    after = _on_disks(bench)
    return {name: (after[name] - before[name]) / accepted for name in before}


def _on_disks(bench: Bench) -> Found:
    def ask(service: str, query: str) -> float:
        bench.questions.ask(service, "select pg_stat_force_next_flush()")
        return float(bench.questions.ask(service, query)[0][0])

    streams = bench.world.stack.directory / "nats"
    return {
        "disk_intake_bytes": ask(INTAKE, _SIZE),
        "disk_cases_bytes": ask(CASES, _SIZE),
        "disk_log_bytes": ask(INTAKE, _LOG),
        "disk_jetstream_bytes": sum(one.stat().st_size for one in streams.rglob("*.blk")),
        "commits_intake": ask(INTAKE, _COMMITS),
        "commits_cases": ask(CASES, _COMMITS),
    }


MEASUREMENT = Measurement(
    "storage",
    "What one complaint leaves: bytes by disk, and its share of a commit.",
    ORDINARY,
    measure,
    {},
)
