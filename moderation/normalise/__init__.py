"""De-obfuscation: what texts say once their disguises are taken off, with the way back to the original.

`views_of` is the one entrance; `docs/normalise.md` says which forms it knows, by which rules and within which limits.
"""

from moderation.normalise.lexicon import Lexicon
from moderation.normalise.views import STEPS, View, ViewLimits, Views, views_of, warm_up

__all__ = ["STEPS", "Lexicon", "View", "ViewLimits", "Views", "views_of", "warm_up"]
