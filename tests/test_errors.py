"""Errors travel: between replicas, and with what they carry."""

from __future__ import annotations

import copy
import pickle

import pytest

from moderation.errors import InvalidRequestError, MissingExtraError, ModerationError, OverloadedError, PolicyError


@pytest.mark.parametrize(
    "error",
    [
        InvalidRequestError("m", code="c", param="p"),
        OverloadedError("m", retry_after_s=7),
        PolicyError("m", file="f.toml", line=3),
        MissingExtraError("Ray", extra="ray"),
    ],
)
def test_an_error_is_the_same_after_a_journey(error: ModerationError) -> None:
    for other in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert type(other) is type(error)
        assert str(other) == str(error)
        assert vars(other) == vars(error)
