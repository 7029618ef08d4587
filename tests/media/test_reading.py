"""What becomes of a reader whose time runs out."""

from __future__ import annotations

import sys
import time
import types
from collections.abc import Iterator
from typing import Any

import pytest

from moderation.limits import Limits
from moderation.media import kinds
from moderation.media.decoded import FoundText
from moderation.media.kinds import Kind
from moderation.media.readers import File
from moderation.media.reading import read
from moderation.schema import Modality

SHORT_S = 0.2


def quiet_when_late(file: File) -> Iterator[FoundText]:
    """As a reader may: it looks at the time itself, and ends without a word."""
    yield FoundText("early", ("document",))
    while not file.room.is_late:
        time.sleep(0.01)


def test_a_reader_that_ends_silently_for_want_of_time_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    module: Any = types.ModuleType("quiet_reader")
    module.read = quiet_when_late
    monkeypatch.setitem(sys.modules, "quiet_reader", module)
    monkeypatch.setattr(kinds, "KINDS", {"text/plain": Kind("txt", Modality.DOCUMENT, ("quiet_reader",))})
    result = read(Modality.DOCUMENT, b"words", Limits(), deadline_s=SHORT_S)
    assert [text.text for text in result.texts] == ["early"]
    assert [one.reason for one in result.unread] == ["decoder_timeout"]
