"""How the command speaks with services: it shows a key where it was told to, and nowhere else."""

import threading
from collections.abc import Generator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tocsin_cli.client import exchange

seen: list[tuple[str, str | None]] = []


class Moving(BaseHTTPRequestHandler):
    """Sends everybody from `/old` to `/new`."""

    def do_GET(self) -> None:
        seen.append((self.path, self.headers.get("Authorization")))
        self.send_response(302 if self.path == "/old" else 200)
        self.send_header("Location", "/new")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        """Say nothing."""


@pytest.fixture
def address() -> Generator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Moving) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_key_is_not_carried_along_to_where_a_server_points(address: str) -> None:
    status, _ = exchange("GET", f"{address}/old", key="a secret")

    assert status == 302
    assert seen == [("/old", "Bearer a secret")]
