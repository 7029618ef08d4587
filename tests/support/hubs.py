"""A hub on the loopback, and what can go wrong with it."""

from __future__ import annotations

import contextlib
import re
import struct
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def safetensors_of(data: bytes) -> bytes:
    """A whole file with one tensor of bytes."""
    header = b'{"x":{"dtype":"U8","shape":[%d],"data_offsets":[0,%d]}}' % (len(data), len(data))
    return struct.pack("<Q", len(header)) + header + data


WEIGHTS = safetensors_of(bytes(range(256)) * 40)
CONFIG = b'{"model_type": "tiny"}'


@dataclass
class FakeHub:
    """Files by path, and what goes wrong."""

    files: dict[str, bytes]
    url: str = ""
    cut_at: int | None = None  # the body ends early
    ranges: bool = True
    sized: bool = True  # says how much comes
    chunked: bool = False
    drip_s: float = 0.0  # between bytes
    headers: dict[str, str] = field(default_factory=dict)  # of every 200
    redirects: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, str | None, str | None]] = field(default_factory=list)  # path, Range, Authorization


@contextlib.contextmanager
def serving_hub() -> Iterator[FakeHub]:
    fake = FakeHub({"/own/tiny/resolve/main/model.safetensors": WEIGHTS, "/own/tiny/resolve/main/config.json": CONFIG})

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = self.headers.get("Range")
            fake.asked.append((self.path, asked, self.headers.get("Authorization")))
            if self.path in fake.redirects:
                self.send_response(302)
                self.send_header("Location", fake.redirects[self.path])
                self.end_headers()
                return
            if self.path not in fake.files:
                self.send_error(404)
                return
            data, start = fake.files[self.path], 0
            if asked and fake.ranges and (found := re.fullmatch(r"bytes=(\d+)-", asked)):
                start = int(found[1])
                if start >= len(data):
                    self.send_error(416)
                    return
                self.send_response(206)
                self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
            else:
                self.send_response(200)
                for name, value in fake.headers.items():
                    self.send_header(name, value)
            if fake.chunked:
                self.send_header("Transfer-Encoding", "chunked")
                data = b"%x\r\n%s\r\n0\r\n\r\n" % (len(data), data)
            elif fake.sized:
                self.send_header("Content-Length", str(len(data) - start))
            self.end_headers()
            sent = data[start:] if fake.cut_at is None else data[start : fake.cut_at]
            if not fake.drip_s:
                self.wfile.write(sent)
                return
            with contextlib.suppress(OSError):  # the other side has had enough
                for at in range(len(sent)):
                    self.wfile.write(sent[at : at + 1])
                    time.sleep(fake.drip_s)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        fake.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield fake
        finally:
            server.shutdown()
            thread.join()
