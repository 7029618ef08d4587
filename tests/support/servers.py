"""Real servers: the command as an operator starts it, on a free port of the loopback."""

from __future__ import annotations

import contextlib
import http.server
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx


@dataclass
class Server:
    """A running server: its address, its process, and what it said so far."""

    url: str
    process: subprocess.Popen[str]
    said: list[str] = field(default_factory=list)

    def ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/readyz", timeout=5).status_code == 200
        except httpx.HTTPError:
            return False


@contextlib.contextmanager
def serving(
    *options: str, environment: dict[str, str] | None = None, ready_s: float = 60, python: str = sys.executable
) -> Iterator[Server]:
    """`moderation serve` with options; ends it, and checks that it ends well."""
    command = [python, "-m", "moderation.cli.main", "serve", "--port", "0", *options]
    process = subprocess.Popen(
        command,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        env={**os.environ, **(environment or {})},
        start_new_session=True,
    )
    server = Server("", process)
    heard = threading.Event()
    listener = threading.Thread(target=_listen, args=(server, heard), daemon=True)
    listener.start()
    try:
        if not heard.wait(ready_s) or not server.url:
            raise AssertionError(f"the server did not start: {''.join(server.said)[-2000:]}")
        yield server
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            status = process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise
        finally:
            listener.join(5)
            assert process.stderr is not None
            process.stderr.close()
    assert status in (0, -signal.SIGTERM), f"status {status}: {''.join(server.said)[-2000:]}"


@contextlib.contextmanager
def answering(respond: Any, *, wait: str = "0") -> Iterator[str]:
    """A service on the loopback that answers every POST by a function: (status, JSON)."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, answer = respond(body, dict(self.headers))
            data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.send_header("Retry-After", wait)
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *words: object) -> None: ...

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _listen(server: Server, heard: threading.Event) -> None:
    assert server.process.stderr is not None
    for line in server.process.stderr:
        server.said.append(line)
        if found := re.search(r"serves on (http://\S+)", line):
            server.url = found[1]
            heard.set()
    heard.set()


def resident_mb(pid: int) -> float:
    """Resident memory of a process and its children, in MB."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except (FileNotFoundError, ProcessLookupError):  # a child that ended meanwhile
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6 + sum(resident_mb(int(child)) for child in children)


def wait_until(condition: object, *, seconds: float = 10) -> None:
    """Waits for a condition; fails when it does not come."""
    end = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < end, "this did not happen in time"
        time.sleep(0.05)
