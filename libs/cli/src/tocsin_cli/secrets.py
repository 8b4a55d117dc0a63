"""The passwords and keys of one installation: made once, kept in one closed file."""

import base64
import hashlib
import json
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path

from nacl.public import PrivateKey
from nacl.signing import SigningKey

from tocsin_cli.errors import Unusable
from tocsin_cli.files import write_private
from tocsin_contracts.permissions import USERS
from tocsin_contracts.streams import BUYER_PORTAL_API, CASES, INTAKE, NOTIFICATIONS, SERVICES

FILE = "secrets.json"
_REPLACED = {
    "vault": ("intake.vault_key",),
    "tag": ("intake.tag_key",),
    "receipt": ("intake.receipt_key",),
    "certificate": ("intake.certificate_key",),
    "box": ("intake.box_private_key", "cases.box_private_key"),
    "alert": ("cases.alert_signing_key",),
    "question": ("cases.question_signing_key",),
    "officers": ("cases.hash_key",),
    "buyers": ("buyers.hash_key",),
}
"""The keys that can be replaced without loss, as kinds: the old ones are good until forgotten."""


def _password() -> str:
    return secrets.token_urlsafe(32)


def _key() -> str:
    """Thirty-two random bytes; that is what a private X25519 key and an ed25519 seed are, too."""
    return base64.b64encode(secrets.token_bytes(32)).decode()


_MADE_BY: dict[str, Callable[[], str]] = {
    "postgres.password": _password,
    **{f"{service}.database_password": _password for service in SERVICES},
    **{f"{user}.nats_password": _password for user in USERS},
    "monitor.database_password": _password,  # sees PostgreSQL's figures and no data
    "grafana.admin_key": _password,
    "sys.nats_password": _password,  # looks into a cluster, on Kubernetes
    "routes.nats_password": _password,  # a cluster's servers among themselves
    # An operator's key opens one service: a broken portal must not open the vault's doors.
    **{f"{service}.admin_key": _password for service in SERVICES},
    "intake.hash_key": _key,
    "cases.hash_key": _key,
    "buyers.hash_key": _key,
    "intake.vault_key": _key,
    "intake.tag_key": _key,
    "intake.receipt_key": _key,
    "intake.box_private_key": _key,
    "cases.box_private_key": _key,
    "intake.certificate_key": _key,
    "cases.alert_signing_key": _key,
    "cases.question_signing_key": _key,
    "notifications.webhook_key": _key,
}


class Secrets:
    """One installation's secrets, and what each service is told of them."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = dict(values)

    @classmethod
    def generate(cls) -> "Secrets":
        """Make new ones that are stored nowhere."""
        return cls({name: make() for name, make in _MADE_BY.items()})

    @classmethod
    def of(cls, directory: Path) -> "Secrets":
        """Read the secrets kept in a data directory, making what a newer version adds.

        In a new directory all are made and stored.

        Raises:
            Unusable: they cannot be read, or are missing where data are.
        """
        path = directory / FILE
        kept = _read(path)
        if kept is None and (directory / "postgres").exists():
            raise Unusable(
                f"{path} is missing, and without it the data in {directory} cannot be opened",
                "Put it back from your backup. To begin anew, move the directory away.",
            )
        values = {name: make() for name, make in _MADE_BY.items()} | (kept or {})
        if values != kept:
            write_private(path, json.dumps(values, indent=2) + "\n")
        return cls(values)

    @classmethod
    def read(cls, directory: Path) -> "Secrets":
        """Read the secrets kept in a data directory, and change nothing.

        Raises:
            Unusable: there are none, or they cannot be read.
        """
        kept = _read(directory / FILE)
        if kept is None:
            raise Unusable(
                f"there is no Tocsin in {directory}",
                "Start one with `tocsin up`, or name its directory with --data-dir.",
            )
        return cls(kept)

    @classmethod
    def renewed(cls, directory: Path, name: str) -> "Secrets":
        """Make one password or operator's key anew, and keep all the others.

        Raises:
            Unusable: there is none of that name that can simply be made anew; a key under which
                data lie is rotated by its service.
        """
        kept = cls.read(directory)._values
        if name not in kept or _MADE_BY.get(name) is not _password:
            raise Unusable(f"{name} is no password", f"One of: {', '.join(sorted(_passwords()))}")
        write_private(directory / FILE, json.dumps(kept | {name: _password()}, indent=2) + "\n")
        return cls.read(directory)

    @classmethod
    def with_new_key(cls, directory: Path, kind: str) -> "Secrets":
        """Make a kind's keys anew; those they replace are good until they are forgotten.

        Raises:
            Unusable: there is no such kind.
        """
        kept = cls.read(directory)._values
        new = dict(kept)
        for name in _kind(kind):
            before = ",".join(filter(None, (kept[name], kept.get(f"{name}s_before"))))
            new |= {name: _key(), f"{name}s_before": before}
        write_private(directory / FILE, json.dumps(new, indent=2) + "\n")
        return cls(new)

    @classmethod
    def without_old_keys(cls, directory: Path, kind: str) -> "Secrets":
        """Forget the keys that a kind's keys replaced: nothing is under them any more.

        Raises:
            Unusable: there is no such kind.
        """
        kept = cls.read(directory)._values
        for name in _kind(kind):
            kept.pop(f"{name}s_before", None)
        write_private(directory / FILE, json.dumps(kept, indent=2) + "\n")
        return cls(kept)

    @property
    def postgres_password(self) -> str:
        """The superuser's."""
        return self._values["postgres.password"]

    def database_password(self, service: str) -> str:
        return self._values[f"{service}.database_password"]

    def nats_password(self, user: str) -> str:
        return self._values[f"{user}.nats_password"]

    def admin_key(self, service: str) -> str:
        return self._values[f"{service}.admin_key"]

    def environment(self, service: str) -> dict[str, str]:
        """Return the environment variables that tell a service its secrets, and no other's."""
        told = {
            "NATS_PASSWORD": self.nats_password(service),
            "ADMIN_KEY": self.admin_key(service),
            **self._keys_of(service),
        }
        return {f"TOCSIN_{name}": value for name, value in told.items()}

    def _before(self, name: str) -> list[str]:
        """The keys that one replaced, newest first."""
        return list(filter(None, self._values.get(f"{name}s_before", "").split(",")))

    def _keys(self, told_as: str, name: str, shown: Callable[[str], str] = str) -> dict[str, str]:
        """Those that one replaced, as its service is told them; often there is none."""
        before = ",".join(map(shown, self._before(name)))
        return {told_as: before} if before else {}

    def _verify_keys(self, name: str) -> str:
        return ",".join(map(_verify_key, (self._values[name], *self._before(name))))

    def _keys_of(self, service: str) -> dict[str, str]:
        values = self._values
        if service == INTAKE:
            return {
                "HASH_KEY": values["intake.hash_key"],
                "VAULT_KEY": values["intake.vault_key"],
                **self._keys("VAULT_KEYS_BEFORE", "intake.vault_key"),
                "TAG_KEY": values["intake.tag_key"],
                **self._keys("TAG_KEYS_BEFORE", "intake.tag_key"),
                "RECEIPT_KEY": values["intake.receipt_key"],
                **self._keys("RECEIPT_KEYS_BEFORE", "intake.receipt_key"),
                "BOX_PRIVATE_KEY": values["intake.box_private_key"],
                "CASES_BOX_PUBLIC_KEY": _box_public_key(values["cases.box_private_key"]),
                "CERTIFICATE_KEY": values["intake.certificate_key"],
                **self._keys(
                    "CERTIFICATE_PUBLIC_KEYS_BEFORE", "intake.certificate_key", _signing_public_key
                ),
                "QUESTION_VERIFY_KEYS": self._verify_keys("cases.question_signing_key"),
            }
        if service == CASES:
            return {
                "HASH_KEY": values["cases.hash_key"],
                **self._keys("HASH_KEYS_BEFORE", "cases.hash_key"),
                "BOX_PRIVATE_KEY": values["cases.box_private_key"],
                **self._keys("BOX_PRIVATE_KEYS_BEFORE", "cases.box_private_key"),
                "INTAKE_BOX_PUBLIC_KEY": _box_public_key(values["intake.box_private_key"]),
                **self._keys(
                    "INTAKE_BOX_PUBLIC_KEYS_BEFORE", "intake.box_private_key", _box_public_key
                ),
                "ALERT_SIGNING_KEY": values["cases.alert_signing_key"],
                "QUESTION_SIGNING_KEY": values["cases.question_signing_key"],
            }
        buyers = {
            "HASH_KEY": values["buyers.hash_key"],
            **self._keys("HASH_KEYS_BEFORE", "buyers.hash_key"),
            "ALERT_VERIFY_KEYS": self._verify_keys("cases.alert_signing_key"),
        }
        if service == NOTIFICATIONS:
            return {**buyers, "WEBHOOK_KEY": values["notifications.webhook_key"]}
        if service == BUYER_PORTAL_API:
            return buyers
        raise KeyError(service)


def _passwords() -> list[str]:
    return [name for name, make in _MADE_BY.items() if make is _password]


def _kind(kind: str) -> tuple[str, ...]:
    if kind not in _REPLACED:
        raise Unusable(
            f"there are no keys called {kind}", f"One of: {', '.join(sorted(_REPLACED))}"
        )
    return _REPLACED[kind]


def _read(path: Path) -> dict[str, str] | None:
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        return None
    except PermissionError:
        raise Unusable(
            f"{path} may not be read", "Run tocsin as the user who started it."
        ) from None
    except ValueError:
        raise Unusable(f"{path} is damaged", "Put it back from your backup.") from None


def _box_public_key(private: str) -> str:
    key = PrivateKey(base64.b64decode(private)).public_key
    return base64.b64encode(bytes(key)).decode()


def _verify_key(seed: str) -> str:
    """Return `keyid:base64`; the id is the beginning of the public key's SHA-256."""
    public = _signing_public_key(seed)
    return f"{hashlib.sha256(base64.b64decode(public)).hexdigest()[:16]}:{public}"


def _signing_public_key(seed: str) -> str:
    return base64.b64encode(bytes(SigningKey(base64.b64decode(seed)).verify_key)).decode()
