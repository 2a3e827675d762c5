"""A real S3 server with object lock, out of a wheel, on free loopback ports."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from operations.children import spawn, stop
from operations.embedded import free_port
from recordings.s3 import connect

ACCESS_KEY, SECRET_KEY = "interview", "of-this-test-run"
START_WITHIN_S = 40.0


class S3Server:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self._ports = {
            name: free_port()
            for name in ("master.port", "volume.port", "filer.port", "s3.port.grpc")
        } | {f"{name}.port.grpc": free_port() for name in ("master", "volume", "filer")}
        (folder / "data").mkdir(parents=True)
        (folder / "s3.json").write_text(
            json.dumps(
                {
                    "identities": [
                        {
                            "name": "interview",
                            "credentials": [{"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}],
                            "actions": ["Admin"],
                        }
                    ]
                }
            )
        )
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def client(self, attempts: int = 3) -> Any:
        return connect(
            endpoint=self.url,
            region="us-east-1",
            access_key=ACCESS_KEY,
            secret_key=SECRET_KEY,
            attempts=attempts,
        )

    def start(self) -> None:
        """Returns when the server lists its buckets. AssertionError with its log otherwise."""
        log = self.folder / "weed.log"
        command = [
            str(Path(sys.executable).parent / "weed"),
            "server",
            f"-dir={self.folder / 'data'}",
            "-ip=127.0.0.1",
            "-ip.bind=127.0.0.1",
            "-master.telemetry=false",
            "-master.volumeSizeLimitMB=64",
            "-volume.max=100",
            "-s3",
            "-s3.port.iceberg=0",
            "-s3.port.lance=0",
            f"-s3.port={self.port}",
            f"-s3.config={self.folder / 's3.json'}",
            *(f"-{name}={port}" for name, port in self._ports.items()),
        ]
        with log.open("ab") as output:
            self._process = spawn(command, env={"HOME": str(self.folder)}, output=output)
        deadline = time.monotonic() + START_WITHIN_S
        while not self._answers():
            assert self._process.poll() is None, log.read_text()[-2000:]
            assert time.monotonic() < deadline, log.read_text()[-2000:]
            time.sleep(0.1)

    def _answers(self) -> bool:
        try:
            self.client(attempts=1).list_buckets()
        except (ClientError, BotoCoreError):
            return False
        return True

    def kill(self) -> None:
        if self._process is not None:
            stop(self._process, signal.SIGKILL, 5.0)
            self._process = None


@contextmanager
def s3_server(folder: Path) -> Iterator[S3Server]:
    server = S3Server(folder)
    server.start()
    try:
        yield server
    finally:
        server.kill()
