"""Hotlines' own systems: each sends as its maker's does, and proves it."""

import base64
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha1, sha256
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
    async def registered(
        cls, operator: Caller, name: str, adapter: str, secret: str, **settings: Json
    ) -> "System":
        """Register it at intake."""
        parts: dict[str, Json] = {
            "twilio": {"twilio": {"auth_token": secret, "public_url": PUBLIC_URL}},
            "telegram": {"telegram": {"secret_token": secret}},
            "generic": {"generic": {"secret": WHSEC, "mapping": {"words": "said"}}},
            "whatsapp-cloud": {
                "adapter": "whatsapp_cloud",
                "whatsapp_cloud": {"app_secret": secret, "verify_token": f"{secret} to verify"},
            },
        }
        more = {"adapter": adapter} | parts.get(adapter, {}) | settings
        return cls(adapter, await Hotline.registered(operator, name, **more), secret)

    @property
    def path(self) -> str:
        return f"/v1/integrations/{self.hotline.integration_id}/{self.adapter}"

    async def post(
        self, said: Mapping[str, Any], *, message_id: str = "msg_1", **headers: str
    ) -> Answer:
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
            case "whatsapp-cloud":
                digest = hmac.new(self.secret.encode(), body, sha256).hexdigest()
                shown = {"X-Hub-Signature-256": f"sha256={digest}"}
            case "telegram":
                shown = {"X-Telegram-Bot-Api-Secret-Token": self.secret}
            case "generic":
                now = datetime.now(UTC)
                shown = {
                    "webhook-id": message_id,
                    "webhook-timestamp": str(int(now.timestamp())),
                    "webhook-signature": Webhook(WHSEC).sign(message_id, now, body.decode()),
                }
            case _:
                pass
        return await self.hotline.send("POST", self.path, data=body, headers={**shown, **headers})

    def _signature(self, form: Mapping[str, str]) -> str:
        written = PUBLIC_URL + self.path + "".join(name + form[name] for name in sorted(form))
        digest = hmac.new(self.secret.encode(), written.encode(), sha1).digest()
        return base64.b64encode(digest).decode()
