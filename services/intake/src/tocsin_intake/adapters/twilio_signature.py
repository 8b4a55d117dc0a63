"""Twilio's signature: HMAC-SHA1 over the address and the sorted form, or a JSON body's hash."""

import base64
import hmac
from collections.abc import Iterable, Sequence
from hashlib import sha1, sha256
from urllib.parse import SplitResult, parse_qs, urlsplit

from tocsin_common.keyed import same

Pairs = Sequence[tuple[str, str]]

USUAL_PORTS = {"https": 443, "http": 80}


def signed(auth_token: str, url: str, pairs: Pairs, body: bytes, header: str) -> bool:
    """Check `X-Twilio-Signature`.

    Args:
        auth_token: the account's secret.
        url: the whole address Twilio was given, with its query.
        pairs: the form, as it was sent; a key may come several times.
        body: the bytes as they came; what counts where the address carries their hash.
        header: the signature.
    """
    parts = urlsplit(url)
    hashes = parse_qs(parts.query).get("bodySHA256")
    if hashes and not same(hashes[0].lower(), sha256(body).hexdigest()):
        return False
    if body and not pairs and not hashes:
        return False  # nothing would vouch for the body
    form = "" if hashes else "".join(_written(pairs))
    expected = [_signature(auth_token, one + form) for one in _ways_to_write(parts)]
    return any([same(header, one) for one in expected])  # noqa: C419 - each is compared, always


def _written(pairs: Pairs) -> Iterable[str]:
    """Every key with each of its values, once, both in order."""
    return (key + value for key, value in sorted(set(pairs)))


def _ways_to_write(parts: SplitResult) -> tuple[str, str]:
    """With and without the port: Twilio's own systems do not agree on it."""
    name = parts.netloc
    if parts.port is not None:
        name = name.rpartition(":")[0]
    port = parts.port or USUAL_PORTS.get(parts.scheme, 443)
    return parts._replace(netloc=name).geturl(), parts._replace(netloc=f"{name}:{port}").geturl()


def _signature(auth_token: str, signed_text: str) -> str:
    digest = hmac.new(auth_token.encode(), signed_text.encode(), sha1).digest()
    return base64.b64encode(digest).decode()
