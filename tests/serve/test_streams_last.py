"""A stream goes on for longer than a client may take for the headers of a request."""

from __future__ import annotations

import json
import time

from support.servers import serving
from websockets.sync.client import connect

HEADER_S = 1


def test_a_stream_outlasts_the_time_limits_of_requests() -> None:
    text = {"type": "text", "text": "A sentence that is long enough to be a unit of its own. "}
    with (
        serving("--profile", "fake", environment={"MODERATION_LIMITS_HEADER_TIMEOUT_S": str(HEADER_S)}) as server,
        connect(f"{server.url.replace('http', 'ws')}/v1/moderate/stream", proxy=None) as stream,
    ):
        stream.send(json.dumps(text))
        assert json.loads(stream.recv(20))["type"] == "unit"
        time.sleep(HEADER_S + 1)
        stream.send('{"type": "end"}')
        assert json.loads(stream.recv(20))["type"] == "done"
