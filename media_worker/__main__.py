"""`python -m media_worker`: one worker process. Needs no Django.

The token comes from MEDIA_CONTROL_TOKEN, ICE servers (JSON, as browsers write them) from
MEDIA_ICE_SERVERS. The first line on standard output is the control URL.
"""

import argparse
import asyncio
import contextlib
import json
import logging
import os
import signal
import sys
from pathlib import Path

import uvloop
from aiohttp import web
from aiortc import RTCIceServer

from media_worker.control import make_app
from media_worker.rtc import aiortc_private
from media_worker.spool import CALL_MB, RESERVE_MB
from media_worker.worker import LAG_LIMIT_MS, Worker, WorkerOptions

# The writer's thread holds the interpreter in short slices, so that packets are not late.
SWITCH_INTERVAL_S = 0.001


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="media_worker")
    parser.add_argument("--host", default="127.0.0.1", help="address the control server binds")
    parser.add_argument("--control-port", type=int, default=0, help="0: any free port")
    parser.add_argument("--control-url", default="", help="how Django reaches the control server")
    parser.add_argument("--web-url", required=True)
    parser.add_argument("--spool", type=Path, required=True)
    parser.add_argument("--worker-id", required=True)
    parser.add_argument("--capacity", type=int, default=30, help="calls this worker may hold")
    parser.add_argument("--reserve-mb", type=int, default=RESERVE_MB, help="kept free for sound")
    parser.add_argument("--call-mb", type=int, default=CALL_MB, help="a further call must fit")
    parser.add_argument(
        "--lag-limit-ms", type=float, default=LAG_LIMIT_MS, help="a later loop takes no new call"
    )
    return parser.parse_args(arguments)


def read_ice_servers(text: str) -> tuple[RTCIceServer, ...]:
    return tuple(
        RTCIceServer(
            urls=server["urls"],
            username=server.get("username"),
            credential=server.get("credential"),
        )
        for server in json.loads(text)
    )


async def serve(arguments: argparse.Namespace, token: str) -> None:
    arguments.spool.mkdir(parents=True, exist_ok=True)
    stop = asyncio.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(sign, stop.set)
    worker = Worker(
        WorkerOptions(
            worker_id=arguments.worker_id,
            web_url=arguments.web_url,
            spool=arguments.spool,
            token=token,
            capacity=arguments.capacity,
            ice_servers=read_ice_servers(os.environ.get("MEDIA_ICE_SERVERS") or "[]"),
            reserve_mb=arguments.reserve_mb,
            call_mb=arguments.call_mb,
            lag_limit_ms=arguments.lag_limit_ms,
        )
    )
    runner = web.AppRunner(make_app(worker, token), access_log=None, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, arguments.host, arguments.control_port)
    await site.start()
    host, port = runner.addresses[0][:2]
    url = arguments.control_url or f"http://{host}:{port}"
    worker.start(url)
    sys.stdout.write(url + "\n")
    sys.stdout.flush()
    await stop.wait()
    await worker.stop()
    await runner.cleanup()


def main() -> None:
    arguments = parse(sys.argv[1:])
    token = os.environ.get("MEDIA_CONTROL_TOKEN", "")
    if not token:
        sys.exit("MEDIA_CONTROL_TOKEN is not set")
    logging.basicConfig(level=logging.INFO, format="%(levelname).1s %(name)s %(message)s")
    for noisy in ("aioice", "aiortc"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    aiortc_private.install()
    with (
        contextlib.suppress(KeyboardInterrupt),
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        runner.run(serve(arguments, token))


if __name__ == "__main__":
    main()
