"""The smallest HTTP client there is, so that what is measured is the server; and what it costs itself."""

from __future__ import annotations

import json
import socket
import socketserver
import threading
from time import perf_counter
from typing import Any


class Connection:
    """One kept-alive connection; requests are bytes made beforehand."""

    def __init__(self, url: str) -> None:
        host, _, port = url.removeprefix("http://").partition(":")
        self._socket = socket.create_connection((host, int(port)), timeout=120)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, request: bytes) -> bytes:
        """Sends a request; the body of its answer, which must be 200."""
        self._socket.sendall(request)
        data = b""
        while b"\r\n\r\n" not in data:
            data += self._receive()
        head, _, body = data.partition(b"\r\n\r\n")
        length = next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
        while len(body) < length:
            body += self._receive()
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(body.decode(errors="replace")[:500])
        return body

    def _receive(self) -> bytes:
        data = self._socket.recv(1 << 20)
        if not data:
            raise ConnectionError("the server closed the connection")
        return data

    def close(self) -> None:
        self._socket.close()


def request_of(body: Any) -> bytes:
    """A POST to `/v1/moderate` as bytes."""
    data = json.dumps(body).encode()
    head = "POST /v1/moderate HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(data)}\r\n\r\n".encode() + data


def own_cost_s(request: bytes, answer: bytes, repeats: int) -> list[float]:
    """Round trips to a server that does nothing but answer the same bytes: the cost of client and loopback."""
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(answer)}\r\n\r\n".encode()

    class Echo(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            while self.request.recv(1 << 20):
                self.request.sendall(head + answer)

    with socketserver.TCPServer(("127.0.0.1", 0), Echo) as server:
        thread = threading.Thread(target=server.handle_request, daemon=True)
        thread.start()
        connection = Connection(f"http://127.0.0.1:{server.server_address[1]}")
        times = []
        for _ in range(repeats):
            began = perf_counter()
            connection.ask(request)
            times.append(perf_counter() - began)
        connection.close()
        thread.join(5)
    return times
