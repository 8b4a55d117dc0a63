"""A buyer's endpoint that notes when each alert arrived: `sink.py PORT FILE`."""

import asyncio
import json
import sys
import time
from pathlib import Path

from aiohttp import web


async def main(port: int, file: Path) -> None:
    with file.open("w", buffering=1) as notes:

        async def receive(request: web.Request) -> web.Response:
            arrived = time.time()
            data = json.loads(await request.read())["data"]
            notes.write(f"{data['alert_id']} {data['version']} {arrived}\n")
            return web.Response()

        app = web.Application()
        app.router.add_post("/", receive)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), Path(sys.argv[2])))
