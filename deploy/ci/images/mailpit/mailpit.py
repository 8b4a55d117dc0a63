#!/usr/local/bin/python3
"""The part of Mailpit that is used here: keep mail, list it, say that all is well."""

import email
import email.policy
import http.server
import json
import signal
import sys
import urllib.request
from typing import Any

from aiosmtpd.controller import Controller

box: list[dict[str, Any]] = []


class Keep:
    """Takes every mail."""

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        _ = server, session
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        body = mail.get_body(("plain",))
        kept = {
            "ID": str(len(box)),
            "Subject": mail["subject"],
            "From": {"Address": envelope.mail_from},
            "To": [{"Address": address} for address in envelope.rcpt_tos],
            "Snippet": body.get_content()[:250] if body else "",
        }
        box.insert(0, kept)
        return "250 queued"


class Show(http.server.BaseHTTPRequestHandler):
    """`/api/v1/messages`, `/livez`, `/readyz`."""

    def do_GET(self) -> None:
        wanted = self.path.startswith("/api/v1/messages")
        answer = json.dumps({"total": len(box), "messages": box}) if wanted else "ok"
        self.send_response(200)
        self.end_headers()
        self.wfile.write(answer.encode())

    def log_message(self, *_: Any) -> None: ...  # type: ignore[override]


if sys.argv[1:] == ["readyz"]:
    with urllib.request.urlopen("http://127.0.0.1:8025/readyz", timeout=3):
        sys.exit(0)
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # process 1 has no other way to end
Controller(Keep(), hostname="0.0.0.0", port=1025).start()
http.server.ThreadingHTTPServer(("0.0.0.0", 8025), Show).serve_forever()
