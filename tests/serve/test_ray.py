"""The same application on Ray Serve."""

from __future__ import annotations

import socket

import httpx
import pytest
from support.servers import serving, wait_until

pytestmark = [pytest.mark.ray, pytest.mark.slow]


def test_it_serves_text_on_ray() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with serving("--backend", "ray", "--profile", "fake", "--port", str(port), ready_s=120) as server:
        wait_until(server.ready, seconds=60)
        answer = httpx.post(f"{server.url}/v1/moderate", json={"input": "well ⟦hate=0.99⟧"}, timeout=30).json()
        assert answer["decision"] == "block"
        assert answer["findings"][0]["category"] == "hate"
        assert httpx.post(f"{server.url}/v1/moderate", json={"input": ""}).json()["error"]["code"] == "empty_text"
        body = {"requests": [{"input": f"⟦hate={index / 100}⟧"} for index in range(50)]}
        rows = httpx.post(f"{server.url}/v1/moderate", json=body, timeout=30).json()["results"]
        assert [row["category_scores"]["hate"] for row in rows] == [index / 100 for index in range(50)]
