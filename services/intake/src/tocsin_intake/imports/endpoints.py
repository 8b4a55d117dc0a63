"""The edge to imports: a file comes in, steps go out while rows become durable."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse

from tocsin_intake.acceptance.endpoints import AcceptingComplaints
from tocsin_intake.auth import Hotline
from tocsin_intake.imports import service
from tocsin_intake.imports.service import ImportStep

PATH = "/v1/complaints/import"
NDJSON = "application/x-ndjson"

router = APIRouter(prefix=PATH, tags=["complaints"])


@router.post(
    "",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "A line per step, each an `ImportStep`; the last one is `finished`",
            "content": {NDJSON: {"schema": ImportStep.model_json_schema()}},
        }
    },
)
async def import_complaints(
    request: Request,
    hotline: Hotline,
    accepting: AcceptingComplaints,
    dry_run: Annotated[bool, Query(description="Only say what would come of it.")] = False,
    receipts: Annotated[
        bool, Query(description="Answer with a file that holds each new row's receipt.")
    ] = False,
) -> StreamingResponse:
    """Import complaints from a table: the body is the CSV or XLSX file itself.

    The first row names the columns. A row that is wrong is told by its number, its field and a
    reason, never by what stands in it, and changes nothing for the others. The file is read in
    memory, by a process of its own, and never lies on a disk. Sent again, it brings nothing twice:
    a row is known by its `external_ref`, else by its contents. A stream that ends without
    `finished` is sent again.

    Receipts are told only when asked for, to be passed on to the workers and then deleted: who
    has one sees where that complaint stands and can take it back. Asked for within a day, those
    of rows known before are told as well, unless their workers have used them.
    """
    table = await request.app.state.tables.read(await request.body())
    steps = service.steps(accepting, hotline, table, dry_run=dry_run, receipts=receipts)
    headers = {"Content-Disposition": 'attachment; filename="receipts.ndjson"'}
    return StreamingResponse(steps, media_type=NDJSON, headers=headers if receipts else None)
