"""Speaking HTTP to a service: JSON there, JSON back, and errors a person can act on."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any, cast
from urllib.parse import urlsplit

from tocsin_cli.errors import KeyRefused, NotFound, NotReady, Refused, TocsinError

_PATIENCE = 30.0
_PATIENCE_FOR_STEPS = 120.0
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class Client:
    """One service, and the key to show there."""

    service: str
    url: str
    key: str

    def get(self, path: str) -> Any:
        return self._ask("GET", path)

    def rows(self, path: str, only: str = "") -> list[Any]:
        """Read a list to its end, page by page; `only`: more of its query, as `&name=value`."""
        found: list[Any] = []
        after = ""
        while True:
            page = self.get(f"{path}?limit=200{only}{after}")
            found += page["data"]
            if not page["next_cursor"]:
                return found
            after = f"&after={page['next_cursor']}"

    def post(self, path: str, body: Any = None) -> Any:
        return self._ask("POST", path, body)

    def delete(self, path: str) -> None:
        self._ask("DELETE", path)

    def send(self, path: str, content: bytes, content_type: str) -> Any:
        """Post bytes as they are."""
        return self._ask("POST", path, content, {"Content-Type": content_type})

    def change(self, method: str, path: str, version: int, body: Any = None) -> Any:
        """Change what is still at this version."""
        return self._ask(method, path, body, {"If-Match": f'"{version}"'})

    def steps(self, path: str, content: bytes) -> Iterator[Any]:
        """Post bytes; yield the answer's lines as they come. It may end early."""
        request = _request("POST", self.url + path, self.key, content, {})
        try:
            with _opener(self.url).open(request, timeout=_PATIENCE_FOR_STEPS) as answer:
                for line in answer:
                    yield json.loads(line)
        except urllib.error.HTTPError as error:
            with error:
                raise self._error(error.code, _json(error.read())) from None
        except (OSError, HTTPException, ValueError):
            return

    def _ask(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> Any:
        """Return the answer's JSON, or `None` if it has none.

        Raises:
            NotReady: the service cannot be reached, or says it cannot now.
            KeyRefused: it does not know the key.
            NotFound: there is no such thing.
            Refused: it said no for another reason.
        """
        try:
            status, answer = exchange(
                method, self.url + path, key=self.key, body=body, headers=headers
            )
        except (OSError, HTTPException):
            raise NotReady(
                f"{self.service} does not answer at {self.url}",
                "Is `tocsin up` running? `tocsin doctor` shows what is wrong.",
            ) from None
        if status >= 400:
            raise self._error(status, answer)
        return answer

    def _error(self, status: int, answer: Any) -> TocsinError:
        said = f"{self.service} answered {status}{_problem(answer)}"
        if status in (401, 403):
            return KeyRefused(said, "Check the key; `tocsin up` shows the keys of this machine.")
        if status == 404:
            return NotFound(said, "List what there is: `tocsin dlq ls`, `tocsin integrations ls`.")
        if status == 429 or status >= 500:
            return NotReady(said, "Try again in a moment; `tocsin doctor` shows what is wrong.")
        return Refused(said, "Correct what was sent; the service's /openapi.json describes it.")


def exchange(
    method: str,
    url: str,
    *,
    key: str = "",
    body: Any = None,
    patience: float = _PATIENCE,
    headers: Mapping[str, str] | None = None,
) -> tuple[int, Any]:
    """Send one request; return the status and the JSON of the answer, whatever the status.

    Args:
        method: what to do.
        url: where.
        key: shown as a bearer's.
        body: bytes are sent as they are, anything else as JSON.
        patience: seconds without a sign of life.
        headers: what else is shown.

    Raises:
        OSError: nobody answered.
        HTTPException: what answered does not speak HTTP.
    """
    request = _request(method, url, key, body, headers or {})
    try:
        with _opener(url).open(request, timeout=patience) as answer:
            return answer.status, _json(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, _json(error.read())


def _request(
    method: str, url: str, key: str, body: Any, more: Mapping[str, str]
) -> urllib.request.Request:
    if urlsplit(url).scheme not in ("http", "https"):
        raise OSError(f"not an address of a service: {url}")
    headers = {"Accept": "application/json"}
    if key:
        headers["Authorization"] = f"Bearer {key}"
    data = None
    if body is not None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers["Content-Type"] = "application/json"
    return urllib.request.Request(url, data, {**headers, **more}, method=method)  # noqa: S310


def waiting_for(url: str) -> list[str]:
    """What a service still waits for; nothing when it is ready."""
    try:
        status, answer = exchange("GET", f"{url}/readyz", patience=5)
    except (OSError, HTTPException):
        return ["does not answer yet"]
    if "ready" not in (state := _object(answer)):
        return [f"answered {status}"]
    return [] if state["ready"] else [str(one) for one in state.get("waiting_for") or ["?"]]


def _opener(url: str) -> urllib.request.OpenerDirector:
    """A proxy is for the outside, never for this machine.

    Nobody is followed elsewhere: a key is shown to the address it was given for.
    """
    opener = urllib.request.OpenerDirector()
    ours = urlsplit(url).hostname in _LOOPBACK
    for handler in (
        urllib.request.ProxyHandler({} if ours else None),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
    ):
        opener.add_handler(handler)
    return opener


def _json(data: bytes) -> Any:
    try:
        return json.loads(data)
    except ValueError:
        return None


def _object(answer: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", answer) if isinstance(answer, dict) else {}


def _problem(answer: Any) -> str:
    """The title, the advice and the fields of an RFC 9457 problem."""
    problem = _object(answer)
    parts = [str(problem[name]) for name in ("title", "detail") if problem.get(name)]
    parts += [
        f"{error.get('pointer')} {error.get('detail')}"
        for error in map(_object, problem.get("errors") or [])
    ]
    return f": {'; '.join(parts)}" if parts else ""
