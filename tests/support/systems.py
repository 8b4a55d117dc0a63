"""Hotlines' own systems beside WhatsApp: each sends as its maker's does, and proves it."""

import base64
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha1
from typing import Any
from urllib.parse import urlencode

from standardwebhooks import Webhook

from tests.support.clients import Caller, Hotline, Json
from tocsin_common.testing.http import Answer

PUBLIC_URL = "https://intake.example.org"
WHSEC = "whsec_" + base64.b64encode(b"an invented secret of 32 bytes!!").decode()


@dataclass(frozen=True)
class System:
    """One system of a hotline."""

    adapter: str
    hotline: Hotline
    secret: str

    @classmethod
    async def registered(cls, operator: Caller, name: str, adapter: str, secret: str) -> "System":
        """Register it at intake."""
        parts: dict[str, Json] = {
            "twilio": {"twilio": {"auth_token": secret, "public_url": PUBLIC_URL}},
            "telegram": {"telegram": {"secret_token": secret}},
            "generic": {"generic": {"secret": WHSEC, "mapping": {"words": "said"}}},
        }
        more = parts.get(adapter, {})
        return cls(
            adapter, await Hotline.registered(operator, name, adapter=adapter, **more), secret
        )

    @property
    def path(self) -> str:
        return f"/v1/integrations/{self.hotline.integration_id}/{self.adapter}"

    async def post(self, said: Mapping[str, Any], **headers: str) -> Answer:
        """Post what a worker said, with what vouches for it; `headers` replace that."""
        body = json.dumps(said).encode()
        shown: dict[str, str] = {}
        match self.adapter:
            case "twilio":
                body = urlencode(said).encode()
                shown = {
                    "Content-Type": "application/x-www-form-urlencoded",
                    "X-Twilio-Signature": self._signature(said),
                }
            case "telegram":
                shown = {"X-Telegram-Bot-Api-Secret-Token": self.secret}
            case "generic":
                now = datetime.now(UTC)
                shown = {
                    "webhook-id": "msg_1",
                    "webhook-timestamp": str(int(now.timestamp())),
                    "webhook-signature": Webhook(WHSEC).sign("msg_1", now, body.decode()),
                }
            case _:
                pass
        return await self.hotline.send("POST", self.path, data=body, headers={**shown, **headers})

    def _signature(self, form: Mapping[str, str]) -> str:
        written = PUBLIC_URL + self.path + "".join(name + form[name] for name in sorted(form))
        digest = hmac.new(self.secret.encode(), written.encode(), sha1).digest()
        return base64.b64encode(digest).decode()
