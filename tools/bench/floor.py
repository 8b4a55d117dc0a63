"""The floor of acceptance: the same schema and uvicorn options, one process, nothing stored."""

import sys
from uuid import uuid4

import uvicorn
from fastapi import FastAPI

from tocsin_common.service import settle_memory
from tocsin_intake.schemas import AcceptanceStatus, ComplaintReceipt, ComplaintSubmission

app = FastAPI()


@app.post("/v1/complaints", status_code=201)
async def submit_complaint(_: ComplaintSubmission) -> ComplaintReceipt:
    return ComplaintReceipt(
        complaint_id=uuid4(), status=AcceptanceStatus.RECEIVED, receipt="0000 0000 0000 0000"
    )


if __name__ == "__main__":
    settle_memory()
    uvicorn.run(
        app,
        port=int(sys.argv[1]),
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_config=None,
        server_header=False,
        date_header=False,
    )
