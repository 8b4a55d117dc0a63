"""Hotlines' own systems, as they sign and send: for tests of the adapters."""

import base64
import hmac
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha1, sha256
from typing import Any
from urllib.parse import urlencode

from tocsin_common.testing import eventually
from tocsin_common.testing.http import Answer, Client

Json = Any
APP_SECRET = "an invented app secret"
AUTH_TOKEN = "an invented auth token"
SECRET_TOKEN = "an-invented-secret-token"
WHSEC = "whsec_" + base64.b64encode(b"an invented secret of 32 bytes!!").decode()
PUBLIC_URL = "https://intake.example.org"

SYSTEMS: dict[str, Json] = {
    "whatsapp_cloud": {"whatsapp_cloud": {"app_secret": APP_SECRET, "verify_token": "agreed"}},
    "twilio": {"twilio": {"auth_token": AUTH_TOKEN, "public_url": PUBLIC_URL}},
    "telegram": {"telegram": {"secret_token": SECRET_TOKEN}},
    "generic": {
        "generic": {
            "secret": WHSEC,
            "mapping": {"words": "report.text", "facility_name": "report.factory"},
            "ignore": "kind == 'ping'",
        }
    },
    "kobo": {},
    "rapidpro": {},
}
PATHS = {name: name.replace("_", "-") for name in SYSTEMS}


@dataclass(frozen=True)
class Line:
    """A registered integration, seen from its own system."""

    intake: Client
    adapter: str
    integration_id: str
    key: str

    @property
    def path(self) -> str:
        return f"/v1/integrations/{self.integration_id}/{PATHS[self.adapter]}"

    async def send(self, body: Json, headers: Mapping[str, str] | None = None) -> Answer:
        """Send a body as this line's system does; `headers` replace what it would show."""
        raw, shown = self.signed(body)
        return await self.intake.post(self.path, data=raw, headers={**shown, **(headers or {})})

    def signed(self, body: Json) -> tuple[bytes, dict[str, str]]:
        """The bytes, and the headers that vouch for them."""
        if self.adapter == "twilio" and not isinstance(body, bytes):
            raw = urlencode(body).encode()
            return raw, {
                "X-Twilio-Signature": twilio_signature(PUBLIC_URL + self.path, body),
                "Content-Type": "application/x-www-form-urlencoded",
            }
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        plain = {"Content-Type": "application/json"}
        match self.adapter:
            case "whatsapp_cloud":
                digest = hmac.new(APP_SECRET.encode(), raw, sha256).hexdigest()
                return raw, plain | {"X-Hub-Signature-256": f"sha256={digest}"}
            case "telegram":
                return raw, plain | {"X-Telegram-Bot-Api-Secret-Token": SECRET_TOKEN}
            case "generic":
                return raw, plain | standard_webhook(raw)
            case _:
                return raw, plain | self.intake.with_key(self.key)


def twilio_signature(url: str, form: Mapping[str, str]) -> str:
    written = url + "".join(name + form[name] for name in sorted(form))
    digest = hmac.new(AUTH_TOKEN.encode(), written.encode(), sha1).digest()
    return base64.b64encode(digest).decode()


def standard_webhook(body: bytes, message_id: str = "msg_1", at: float | None = None) -> Json:
    timestamp = str(int(time.time() if at is None else at))
    content = f"{message_id}.{timestamp}.".encode() + body
    key = base64.b64decode(WHSEC.removeprefix("whsec_"))
    signature = base64.b64encode(hmac.new(key, content, sha256).digest()).decode()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{signature}",
    }


async def register(intake: Client, operator: Mapping[str, str], adapter: str, **more: Any) -> Line:
    """Register an integration of this adapter."""
    new = {"name": f"Line on {adapter}", "adapter": adapter} | SYSTEMS[adapter] | more

    async def served() -> Answer | None:  # 503: busy, and nothing was done
        answer = await intake.post("/v1/admin/integrations", json=new, headers=operator)
        return None if answer.status == 503 else answer

    answer = await eventually(served)
    assert answer.status == 201, answer
    created = answer.json()
    return Line(intake, adapter, created["integration_id"], created["key"])


def an_update(*messages: Json, **value: Any) -> Json:
    """An update as WhatsApp Cloud posts it."""
    change = {"field": "messages", "value": {"messages": list(messages), **value}}
    return {"object": "whatsapp_business_account", "entry": [{"changes": [change]}]}


def a_message(**changes: Any) -> Json:
    """A text message on WhatsApp Cloud."""
    return {
        "from": "84000000002",
        "id": "wamid.GARISH-RUG",
        "timestamp": "1790000000",
        "type": "text",
        "text": {"body": "Họ giữ hộ chiếu của chúng tôi."},
    } | changes


def an_sms(**changes: str) -> dict[str, str]:
    """A message as Twilio posts it."""
    return {
        "MessageSid": "SM00000000000000000000000000000001",
        "SmsStatus": "received",
        "AccountSid": "AC0000",
        "From": "+84000000003",
        "To": "+15550000",
        "Body": "No pay since March.",
        "NumMedia": "0",
    } | changes


def a_call(**changes: str) -> dict[str, str]:
    """A step of a call as Twilio posts it."""
    return {
        "CallSid": "CA00000000000000000000000000000001",
        "CallStatus": "in-progress",
        "From": "+84000000003",
        "To": "+15550000",
        "Direction": "inbound",
    } | changes


def a_run(**changes: Any) -> Json:
    """What a RapidPro flow posts."""
    return {
        "contact": {"uuid": "c1", "name": "Ngan", "urn": "tel:+84000000004", "language": "vie"},
        "flow": {"name": "Report", "revision": 1, "uuid": "f1"},
        "path": [{"node_uuid": "n1"}, {"node_uuid": "n2"}],
        "results": {
            "words": {
                "name": "Words",
                "value": "Locked fire exits.",
                "input": "Locked fire exits.",
            },
            "facility_name": {"name": "Factory", "value": "Silver Heron Assembly"},
            "share": {"name": "Share", "value": "yes", "category": "Yes"},
        },
        "run": {"uuid": "r1", "created_on": "2031-01-01T00:00:00Z"},
        "input": {"text": "yes", "type": "msg", "uuid": "i1"},
        "channel": {"uuid": "ch1"},
    } | changes


def a_submission(**changes: Any) -> Json:
    """What KoboToolbox posts."""
    return {
        "_id": 7,
        "_uuid": "6f9c1a52-6d8b-4b5c-9d7a-0f0b1a2c3d4e",
        "__version__": "v1",
        "_submission_time": "2031-01-01T00:00:00",
        "deviceid": "enumerator-phone",
        "report/words": "They keep our passports.",
        "report/facility_name": "Silver Heron Assembly",
        "report/issues": "forced_labour.retention_of_documents",
    } | changes


def a_chat(**changes: Any) -> Json:
    """An update as Telegram posts it."""
    return {
        "update_id": 900000001,
        "message": {
            "message_id": 5,
            "from": {"id": 777, "is_bot": False, "first_name": "Somchai", "language_code": "th"},
            "chat": {"id": 777, "type": "private", "first_name": "Somchai"},
            "date": 1930000000,
            "text": "ไม่ได้ค่าล่วงเวลา",
        },
    } | changes


def a_report(**changes: Any) -> Json:
    """What some other system posts."""
    return {"report": {"text": "Chemical burns.", "factory": "Silver Heron Assembly"}} | changes


SENT: dict[str, Json] = {
    "whatsapp_cloud": an_update(a_message()),
    "twilio": an_sms(),
    "rapidpro": a_run(),
    "kobo": a_submission(),
    "telegram": a_chat(),
    "generic": a_report(),
}
