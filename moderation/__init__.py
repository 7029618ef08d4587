"""Content safety for generative AI: text, images and speech, judged where you run it.

`Moderator` judges in this process, `Client` over HTTP; both answer `ModerationResult`. Importing this package loads
no third-party library: what needs one is loaded on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from moderation.errors import ModerationError
from moderation.schema import (
    Content,
    Decision,
    DerivedPart,
    Evidence,
    Finding,
    Modality,
    ModerationResult,
    Part,
    Role,
    Trigger,
    Turn,
    Unjudged,
)

if TYPE_CHECKING:
    from moderation.client import AsyncClient, AsyncModerator, Client, Moderator
    from moderation.config import Settings, load_settings

_LAZY = {
    "AsyncClient": "moderation.client",
    "AsyncModerator": "moderation.client",
    "Client": "moderation.client",
    "Moderator": "moderation.client",
    "Settings": "moderation.config",
    "load_settings": "moderation.config",
}

__all__ = [
    "AsyncClient",
    "AsyncModerator",
    "Client",
    "Content",
    "Decision",
    "DerivedPart",
    "Evidence",
    "Finding",
    "Modality",
    "ModerationError",
    "ModerationResult",
    "Moderator",
    "Part",
    "Role",
    "Settings",
    "Trigger",
    "Turn",
    "Unjudged",
    "load_settings",
]


def __getattr__(name: str) -> object:
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'moderation' has no attribute {name!r}")
