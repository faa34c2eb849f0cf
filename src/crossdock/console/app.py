"""HTTP endpoints. Loopback by default; only /webhooks is meant to be reachable from TIMS."""

from fastapi import FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, PlainTextResponse

from crossdock.wiring import House

LARGEST_BODY = 256 * 1024


def build(house: House) -> FastAPI:
    """The application around one house."""
    app = FastAPI(title="Crossdock", docs_url=None, redoc_url=None, openapi_url=None)

    @app.post("/webhooks/tims")
    async def tims_webhook(request: Request) -> Response:
        """TIMS says: look at this key. Answered 2xx only after it is stored."""
        body = await _limited(request)
        if body is None:
            return JSONResponse({"error": "the body is too large"}, 413)
        status, words = await run_in_threadpool(
            house.receive_tims_webhook, dict(request.headers), body
        )
        return JSONResponse({"status": words}, status)

    @app.get("/health")
    async def health() -> Response:
        """200 while the store answers and a worker beats; 503 with the reason otherwise."""
        fine, found = await run_in_threadpool(house.health)
        return JSONResponse(found, 200 if fine else 503)

    @app.get("/metrics")
    async def metrics() -> Response:
        """Depth of the inbox, open cases by kind, breakers: Prometheus text."""
        return PlainTextResponse(
            await run_in_threadpool(house.metrics), media_type="text/plain; version=0.0.4"
        )

    return app


async def _limited(request: Request) -> bytes | None:
    """The body, or None when it is larger than any notice; never reads more than that."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > LARGEST_BODY:
            return None
        parts.append(part)
    return b"".join(parts)
