"""M1 and M3: what a call costs the media worker, against stock aiortc in the same run.

Prints JSON lines: calls_per_core (and its 60 ms audio variant), ratio, loop_lag_p99_ms,
relay_delay_p95_ms, frames_lost.
"""

import argparse
import dataclasses
import json
import os
import subprocess
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import av
import httpx
import psutil  # type: ignore[import-untyped]

ROOT = Path(__file__).resolve().parent.parent
HERE = Path(__file__).resolve().parent
TOKEN = "benchmark"  # noqa: S105 - of a worker that lives for this run


class Django(BaseHTTPRequestHandler):
    """Takes events and heartbeats, so that sending them is part of the cost."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *arguments: Any) -> None:
        return


@dataclasses.dataclass(frozen=True)
class Measured:
    """One run of the load against one server."""

    calls: int
    cpu_percent: float
    load: dict[str, Any]
    lag_ms: float
    unrecorded: int = 0

    @property
    def per_call(self) -> float:
        return self.cpu_percent / self.calls

    @property
    def frames_lost(self) -> int:
        return int(self.load["frames_sent"] - self.load["frames_matched"])


def recorded_frames(spool: Path) -> int:
    """Video frames in every file of the spool."""
    frames = 0
    for path in spool.rglob("*.video.*.mkv"):
        with av.open(str(path)) as container:
            frames += sum(1 for packet in container.demux() if packet.size)
    return frames


def start(command: list[str]) -> tuple[subprocess.Popen[str], str]:
    environment = {**os.environ, "MEDIA_CONTROL_TOKEN": TOKEN, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [sys.executable, *command], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


def measure(
    command: list[str],
    *,
    calls: int,
    seconds: float,
    audio_ms: int,
    stock: bool = False,
    parties: int = 2,
) -> Measured:
    server, url = start(command)
    try:
        load_command = [str(HERE / "_relay_load.py"), "--url", url, "--token", TOKEN]
        load_command += ["--calls", str(calls), "--seconds", str(seconds)]
        load_command += ["--parties", str(parties)]
        load_command += ["--audio-ms", str(audio_ms), *(["--stock"] if stock else [])]
        load, line = start(load_command)
        assert load.stdout is not None
        if line != "measuring":
            raise RuntimeError(f"the load did not start: {line}")
        process = psutil.Process(server.pid)
        before = process.cpu_times()
        load.stdout.readline()
        after = process.cpu_times()
        lag_ms = 0.0
        if not stock:
            headers = {"Authorization": f"Bearer {TOKEN}"}
            health = httpx.get(f"{url}/v1/health", headers=headers, trust_env=False).json()
            lag_ms = health["loop_lag_p99_ms"]
        result = json.loads(load.stdout.readline())
        load.wait(timeout=30)
    finally:
        server.terminate()
        try:
            server.wait(timeout=20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
    used = after.user + after.system - before.user - before.system
    measured = Measured(calls, used / seconds * 100, result, lag_ms)
    print(
        f"{'stock' if stock else 'ours'} calls={calls} audio={audio_ms}ms "
        f"cpu={measured.cpu_percent:.1f}% per_call={measured.per_call:.2f}% lag_p99={lag_ms}ms "
        f"{result}",
        file=sys.stderr,
    )
    return measured


def figure(name: str, value: float, unit: str, target: float | None, **more: Any) -> None:
    line = {"figure": more.pop("figure", "M1"), "name": name, "value": round(value, 2)}
    print(json.dumps({**line, "unit": unit, "target": target, **more}), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--calls", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=0)
    arguments = parser.parse_args()
    calls = arguments.calls or (8 if arguments.short else 16)
    seconds = arguments.seconds or (8 if arguments.short else 30)
    django = ThreadingHTTPServer(("127.0.0.1", 0), Django)
    threading.Thread(target=django.serve_forever, daemon=True).start()
    web_url = f"http://127.0.0.1:{django.server_address[1]}"
    with tempfile.TemporaryDirectory() as folder:
        worker = ["-m", "media_worker", "--web-url", web_url, "--worker-id", "bench"]

        def ours(number: int, audio_ms: int) -> Measured:
            spool = f"{folder}/{number}-{audio_ms}"
            command = [*worker, "--spool", spool]
            return measure(command, calls=number, seconds=seconds, audio_ms=audio_ms)

        stock = measure(
            [str(HERE / "_relay_stock.py"), folder],
            calls=1,
            seconds=seconds,
            audio_ms=20,
            stock=True,
        )
        loaded = ours(calls, 20)
        browsers = ours(calls, 60)
    django.shutdown()
    compared = {"stock_aiortc": round(100 / stock.per_call, 2)}
    lost = loaded.frames_lost + browsers.frames_lost
    load = {"calls": calls, "seconds": seconds, "frames_lost": lost}
    figure("calls_per_core", 100 / loaded.per_call, "calls/core", 40, compared=compared, load=load)
    figure("calls_per_core_60ms", 100 / browsers.per_call, "calls/core", 40, compared=compared)
    figure("cpu_percent_per_call", loaded.per_call, "% of a core", 2.5)
    figure("ratio", stock.per_call / loaded.per_call, "x less CPU than stock", 25)
    figure("loop_lag_p99_ms", max(loaded.lag_ms, browsers.lag_ms), "ms", 50)
    figure("frames_lost", lost, "frames", 0)
    figure("frames_not_recorded", loaded.unrecorded + browsers.unrecorded, "frames", 0)
    delay = max(m.load["delay_p95_ms"] or 0.0 for m in (loaded, browsers))
    figure("relay_delay_p95_ms", delay, "ms", 10, figure="M3")


if __name__ == "__main__":
    main()
