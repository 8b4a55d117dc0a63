"""Asks the vault question as cases would, for an officer of its own."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from nacl.public import PrivateKey
from nats.aio.client import Client as Nats

from tocsin_common.sealing import unseal_with
from tocsin_common.signatures import Signer
from tocsin_common.testing.http import Client
from tocsin_contracts.ids import new_amber_id
from tocsin_contracts.streams import VAULT_QUESTION
from tocsin_contracts.vault import Answered, Asked, Opened, Question, Reason


@dataclass
class Desk:
    """Cases' side of the question: its signature, its officers' tokens, its connection."""

    intake: Client
    operator: dict[str, str]
    bus: Nats
    signer: Signer
    officer_id: UUID = field(default_factory=new_amber_id)
    key: dict[str, str] = field(default_factory=dict[str, str])

    async def another(self) -> "Desk":
        """The same desk with an officer registered at intake."""
        officer_id = new_amber_id()
        answer = await self.intake.post(
            "/v1/admin/vault/officers",
            json={"officer_id": str(officer_id)},
            headers=self.operator,
        )
        assert answer.status == 201, answer
        key = self.intake.with_key(answer.json()["key"])
        return Desk(self.intake, self.operator, self.bus, self.signer, officer_id, key)

    async def token(self, complaint_id: str, *, as_second: bool = False) -> str:
        wanted = {"complaint_id": complaint_id, "reason": "triage", "as_second": as_second}
        answer = await self.intake.post("/v1/vault/tokens", json=wanted, headers=self.key)
        assert answer.status == 201, answer
        return answer.json()["token"]

    async def ask(self, complaint_id: str, **changes: Any) -> Answered | Opened:
        """Ask for the words; return them, or the refusal; by another's key, the sealed answer."""
        own, now = PrivateKey.generate(), datetime.now(UTC)
        question = Question.model_validate(
            {
                "question_id": uuid4(),
                "asked_at": now,
                "complaint_id": complaint_id,
                "officer_id": self.officer_id,
                "assigned_at": now,
                "reason": Reason.TRIAGE,
                "public_key": bytes(own.public_key),
                "token": changes.get("token") or await self.token(complaint_id),
            }
            | changes
        )
        answered = await self.send(question)
        if "public_key" in changes or answered.sealed is None:
            return answered
        return Opened.model_validate_json(unseal_with(bytes(own), answered.sealed))

    async def send(
        self,
        question: Question,
        signer: Signer | None = None,
        *,
        signed_as: Question | None = None,
    ) -> Answered:
        statement, signer = question.model_dump_json(), signer or self.signer
        signature = signer.sign((signed_as or question).model_dump_json())
        asked = Asked(statement=statement, signature=signature, key_id=signer.key_id)
        answer = await self.bus.request(
            VAULT_QUESTION, asked.model_dump_json().encode(), timeout=10
        )
        return Answered.model_validate_json(answer.data)
