"""The page's edge: one address under the hotline's own host name, and nothing of it elsewhere."""

import logging
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

from tocsin_common.errors import place_of
from tocsin_common.explaining import explain
from tocsin_common.problems import Internal
from tocsin_intake.dialogue.guesses import Slower
from tocsin_intake.dialogue.phrases import language_of
from tocsin_intake.dialogue.window import Window
from tocsin_intake.worker_page import forms, rendering, steps
from tocsin_intake.worker_page.forms import Form
from tocsin_intake.worker_page.languages import chosen, words_of
from tocsin_intake.worker_page.models import WorkerPage
from tocsin_intake.worker_page.pages import Pages
from tocsin_intake.worker_page.sheets import Kind, Sheet, Unclear
from tocsin_intake.worker_page.steps import Visit

log = logging.getLogger("tocsin.page")


class Door(BaseRoute):
    """Takes every request to a page's host name, so that nothing else is seen there.

    In metrics and traces all of them are one route.
    """

    path = "the worker's page"

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether a request is for a host name that shows a page."""
        if scope["type"] != "http":
            return Match.NONE, {}
        page = self._pages.at(Headers(scope=scope).get("host", ""))
        if page is None:
            return Match.NONE, {}
        return Match.FULL, {"route": self, "page": page}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with a sheet, whatever was sent and whatever goes wrong."""
        request = Request(scope, receive)
        try:
            response = await self._answer(request, scope["page"])
        except ClientDisconnect:
            return
        await response(scope, receive, send)

    async def _answer(self, request: Request, page: WorkerPage) -> Response:
        visit = Visit(Form(), chosen("", request.headers.get("accept-language", "")))
        if request.url.path != "/":
            return _shown(page, _note(visit, "nothing_here"), HTTPStatus.NOT_FOUND)
        if request.method not in {"GET", "HEAD", "POST"}:
            return _shown(page, _note(visit, "nothing_here"), HTTPStatus.METHOD_NOT_ALLOWED)
        try:
            if request.method == "POST":
                form = await forms.read(request)
                visit = Visit(form, chosen(form["language"], "") or visit.language)
            return await self._served(request, page, visit)
        except Unclear as unclear:
            sheet = steps.refused(visit, unclear)
            return _shown(page, sheet, HTTPStatus.UNPROCESSABLE_ENTITY)
        except ClientDisconnect:
            raise
        except Exception as error:
            return _failed(page, visit, error)

    async def _served(self, request: Request, page: WorkerPage, visit: Visit) -> Response:
        step = steps.step_of(visit)
        if step is None:
            return _shown(page, steps.begun(visit))
        return await Window(request).serve(
            step.work, lambda outcome: _shown(page, step.sheet(outcome))
        )


def _failed(page: WorkerPage, visit: Visit, error: Exception) -> Response:
    """Say that it did not work; a bug is told to us, and what was written is not lost."""
    told = explain(error)
    if isinstance(told, Internal):
        log.error("the page failed: %s", place_of(error))
    unclear = Unclear("slower" if isinstance(told, Slower) else "later")
    return _shown(page, steps.refused(visit, unclear), told.status, told.headers)


def _note(visit: Visit, sentence: str) -> Sheet:
    language = language_of(visit.language)
    return Sheet(Kind.NOTE, language, says=[words_of(language)[sentence]], wrong=True)


def _shown(
    page: WorkerPage,
    sheet: Sheet,
    status: int = HTTPStatus.OK,
    headers: dict[str, str] | None = None,
) -> Response:
    body = rendering.write(page, sheet)
    language = {"Content-Language": sheet.language}
    return Response(body, status, rendering.HEADERS | language | (headers or {}))
