"""The load generator against a real server."""

import asyncio

from aiohttp import web

from recomind.dev.bench.load import generate_load
from recomind.dev.stack.server import free_port


async def test_the_load_generator_counts_responses_and_failures():
    async def answer(request):
        return web.Response(text="x" * 100_000, status=200 if request.path == "/good" else 404)

    app = web.Application()
    app.router.add_get("/{any}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        good, bad = await asyncio.gather(generate_load(port, 2, 0.2, ["/good"]), generate_load(port, 1, 0.2, ["/bad"]))
    finally:
        await runner.cleanup()
    assert (good.failed, good.rate > 0, good.p50 <= good.p99) == (0, True, True)
    assert bad.failed > 0
