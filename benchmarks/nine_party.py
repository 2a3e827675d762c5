"""M2: what a call of nine costs the media worker: 72 forwarded pairs of sound and picture, 9 recorded.

Prints JSON lines: core_percent (20 ms of sound in a packet) and core_percent_60ms (what our answer
makes Chromium send), frames_lost, loop_lag_p99_ms, relay_delay_p95_ms.
"""

import argparse
import sys
import tempfile
import threading
from http.server import ThreadingHTTPServer
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.relay import Django, Measured, figure, measure

PARTIES = 9


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--short", action="store_true")
    seconds = 8.0 if parser.parse_args().short else 30.0
    django = ThreadingHTTPServer(("127.0.0.1", 0), Django)
    threading.Thread(target=django.serve_forever, daemon=True).start()
    web_url = f"http://127.0.0.1:{django.server_address[1]}"
    with tempfile.TemporaryDirectory() as folder:

        def nine(audio_ms: int) -> Measured:
            command = ["-m", "media_worker", "--web-url", web_url, "--worker-id", "bench"]
            command += ["--spool", f"{folder}/{audio_ms}"]
            return measure(command, calls=1, seconds=seconds, audio_ms=audio_ms, parties=PARTIES)

        plain, browsers = nine(20), nine(60)
    django.shutdown()
    runs = (plain, browsers)
    load = {"parties": PARTIES, "seconds": seconds}
    figure("core_percent", plain.cpu_percent, "% of a core", 35, figure="M2", load=load)
    figure("core_percent_60ms", browsers.cpu_percent, "% of a core", 35, figure="M2")
    figure("frames_lost", sum(run.frames_lost for run in runs), "frames", 0, figure="M2")
    figure("loop_lag_p99_ms", max(run.lag_ms for run in runs), "ms", 50, figure="M2")
    delay = max(run.load["delay_p95_ms"] or 0.0 for run in runs)
    figure("relay_delay_p95_ms", delay, "ms", 10, figure="M3")


if __name__ == "__main__":
    main()
