"""One call of the engine: what has been judged in it, so that nothing is judged twice.

Work is handed to the runner in slices, each under the stage's own deadline: a deadline is about a hung stage, not
about how much one caller sent.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

from moderation.errors import InputError, OverloadedError
from moderation.known.banks import Banks
from moderation.lists.matching import Lists, utc_day
from moderation.models.base import Classification
from moderation.normalise.lexicon import Lexicon
from moderation.pipelines.cache import Digest, TextCache, digest_of, lasts
from moderation.pipelines.cascading import Entry, Verdict, added, wanted
from moderation.pipelines.extract import MediaDecoder, MediaOutcome, ask, examine
from moderation.pipelines.forms import Forms, forms_of, lexicon_aside
from moderation.pipelines.listed import Listed, Scope
from moderation.pipelines.pacing import Pace, slices
from moderation.pipelines.profile import Profile, Stage
from moderation.pipelines.recognising import Recogniser
from moderation.pipelines.runner import Runner
from moderation.schema import Modality, Part, Role

# Held of forms, in characters: at most 12 bytes each, the way back to the text included.
_CHARS_PER_ENTRY = 200
_CHARS_WITHOUT_VIEWS = 40  # what an entry takes that holds none
Verdicts = tuple[tuple[Stage, Verdict], ...]


class Places:
    """How much media is worked on at one time, by all calls together: decoded pixels are large."""

    def __init__(self, at_once: int, waiting: int) -> None:
        self._free = asyncio.Semaphore(at_once)
        self._most = at_once + waiting
        self.at_once = at_once
        self._taken = 0

    async def __aenter__(self) -> None:
        if self._taken >= self._most:
            raise OverloadedError(f"{self._taken} pieces of media are waiting or judged; try again")
        self._taken += 1
        try:
            await self._free.acquire()
        except asyncio.CancelledError:
            self._taken -= 1
            raise

    async def __aexit__(self, *_: object) -> None:
        self._taken -= 1
        self._free.release()


@dataclass(frozen=True, slots=True)
class Kept:
    """What stays from one call to the next, of texts that may come again."""

    verdicts: TextCache[Verdicts]
    forms: TextCache[Forms]
    listed: TextCache[Listed]

    @classmethod
    def of(cls, entries: int) -> Kept:
        """As much as so many judged windows and passages, and the forms and listed terms of the texts they are of."""
        return cls(TextCache(entries), TextCache(entries * _CHARS_PER_ENTRY), TextCache(entries))


@dataclass(slots=True)
class Call:
    """Texts and media of one call, each judged once.

    Attributes:
        kept: what calls before this one found out.
        lists: the operator's lists as they were when the call began.
        tenant: whose texts of before are used, and whose lists.
        today: the day, in UTC, whose terms are looked for, also past midnight.
        recogniser: the banks of known content, for the same tenant and day.
        timing_ms: where the time went.
    """

    profile: Profile
    runner: Runner
    decoder: MediaDecoder
    places: Places
    kept: Kept
    lists: Lists
    tenant: str | None = None
    today: dt.date = field(default_factory=utc_day)
    recogniser: Recogniser = field(default_factory=lambda: Recogniser(Banks([])))
    timing_ms: dict[str, float] = field(default_factory=dict)
    _forms: dict[str, Forms] = field(default_factory=dict)
    _verdicts: dict[str, Verdicts] = field(default_factory=dict)
    _listed: dict[tuple[str, str], Listed] = field(default_factory=dict)
    _scopes: dict[tuple[Role, tuple[str, ...]], Scope] = field(default_factory=dict)
    _known_by: dict[str, Digest] = field(default_factory=dict)
    _outcomes: dict[tuple[Modality, bytes], MediaOutcome | InputError] = field(default_factory=dict)
    _digests: dict[int, bytes] = field(default_factory=dict)

    def verdicts(self, text: str) -> Verdicts:
        """What each classifier said of a judged text, or of a view of one."""
        return self._verdicts[text]

    def forms(self, text: str) -> Forms:
        """The disguises of a judged text."""
        return self._forms[text]

    def listed(self, text: str, role: Role, origin: tuple[str, ...] = (), *, comes_again: bool = True) -> Listed:
        """What the lists say of a text.

        Args:
            origin: what it was derived by.
            comes_again: whether later calls may have it too, as an earlier turn.
        """
        scope = self._scopes.get((role, origin))
        if scope is None:
            scope = self._scopes[role, origin] = Scope.of(self.lists, self.tenant, role, origin, today=self.today)
        found = self._listed.get((text, scope.state))
        if found is None:
            kept = self.kept.listed if comes_again and scope.is_listed else None
            found = self._listed[text, scope.state] = self._look_up(text, scope, kept)
        return found

    def _look_up(self, text: str, scope: Scope, kept: TextCache[Listed] | None) -> Listed:
        if kept is None:
            return scope.look(text)
        digest = self._digest(text)
        found = kept.get(self.tenant, digest, revision=scope.state)
        if found is None:
            found = scope.look(text)
            kept.put(self.tenant, digest, found, revision=scope.state, weight=found.weight)
        return found

    def outcome(self, part: Part) -> MediaOutcome | InputError:
        """What was found out about judged media."""
        return self._outcomes[self._key(part)]

    async def judge(self, texts: Sequence[str], media: Sequence[Part]) -> None:
        """Judges texts and media side by side, then the texts read from the media.

        Raises:
            OverloadedError: a queue is full.
        """
        if not media:
            await self._judge_texts(texts)
            return
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._judge_texts(texts))
                group.create_task(self._judge_media(media))
        except* OverloadedError as errors:
            raise _first(errors) from None
        read = [
            read.text
            for outcome in self._outcomes.values()
            if isinstance(outcome, MediaOutcome)
            for read in outcome.texts()
        ]
        await self._judge_texts(read)

    async def _judge_texts(self, texts: Sequence[str]) -> None:
        """Judges texts in all their forms."""
        began = perf_counter()
        lexicon = await lexicon_aside(self.lists, self.tenant)
        await self._unfold(dict.fromkeys(texts), lexicon)
        unfolded = perf_counter()
        self._spent("normalise", unfolded - began)
        everything = [form for text in texts for form in (text, *(view.text for view in self._forms[text].views))]
        waiting = []
        pace = Pace()
        for text in dict.fromkeys(everything):
            await pace.rest()
            if text not in self._verdicts:
                held = self.kept.verdicts.get(self.tenant, self._digest(text))
                if held is None:
                    waiting.append(text)
                else:
                    self._verdicts[text] = held
        for part in slices(waiting):
            await self._judge_slice(part)
        if waiting:
            self._spent("classify", perf_counter() - unfolded)

    async def _unfold(self, texts: Iterable[str], lexicon: Lexicon) -> None:
        """Finds the forms of texts, from an earlier call if they were searched for these words."""
        revision = self.lists.revision if lexicon.words else ""
        unknown = []
        pace = Pace()
        for text in texts:
            await pace.rest()
            if text in self._forms:
                continue
            held = self.kept.forms.get(self.tenant, self._digest(text), revision=revision)
            if held is None:
                unknown.append(text)
            else:
                self._forms[text] = held
        for text, forms in (await forms_of(unknown, lexicon=lexicon)).items():
            await pace.rest()
            self._forms[text] = forms
            if lasts(forms.gaps):
                weight = _weight_of(text, forms)
                self.kept.forms.put(self.tenant, self._digest(text), forms, revision=revision, weight=weight)

    async def _judge_slice(self, part: list[str]) -> None:
        stages = self.profile.classifiers[Modality.TEXT]
        said: list[Entry] = [[] for _ in part]
        first: list[Entry] = [[] for _ in part]  # without what guards made of it, so that their order changes nothing
        for stage in stages:
            asked = wanted(stage, first)
            if not asked:
                continue
            verdicts_of = await ask(self.runner, stage, [part[index] for index in asked])
            for index, verdict in zip(asked, verdicts_of, strict=True):
                said[index] = added(said[index], stage, verdict)
                first[index].append((stage, verdict))
        for text, entry in zip(part, said, strict=True):
            self._verdicts[text] = verdicts = tuple(entry)
            said_all = [one for _, one in verdicts if isinstance(one, Classification) and lasts(one.gaps)]
            if len(said_all) == len(verdicts):
                weight = sum(len(one.scored) + len(one.gaps) for one in said_all)
                self.kept.verdicts.put(self.tenant, self._digest(text), verdicts, weight=max(1, weight))

    def _digest(self, text: str) -> Digest:
        digest = self._known_by.get(text)
        if digest is None:
            digest = self._known_by[text] = digest_of(text)
        return digest

    def _spent(self, what: str, seconds: float) -> None:
        self.timing_ms[what] = self.timing_ms.get(what, 0.0) + seconds * 1e3

    async def _judge_media(self, media: Sequence[Part]) -> None:
        began = perf_counter()
        distinct: dict[tuple[Modality, bytes], Part] = {}
        pace = Pace()
        for part in media:
            distinct[self._key(part)] = part
            await pace.rest()
        own = asyncio.Semaphore(self.places.at_once)  # what waits here is not in the way of others
        async with asyncio.TaskGroup() as group:
            for key, part in distinct.items():
                group.create_task(self._examine(key, part, own))
        self.timing_ms["extract"] = (perf_counter() - began) * 1e3

    async def _examine(self, key: tuple[Modality, bytes], part: Part, own: asyncio.Semaphore) -> None:
        async with own, self.places:
            try:
                self._outcomes[key] = await examine(
                    part.modality,
                    part.data or b"",
                    profile=self.profile,
                    runner=self.runner,
                    decoder=self.decoder,
                    recogniser=self.recogniser,
                )
            except InputError as error:
                self._outcomes[key] = error

    def _key(self, part: Part) -> tuple[Modality, bytes]:
        digest = self._digests.get(id(part))
        if digest is None:
            digest = self._digests[id(part)] = hashlib.sha256(part.data or b"").digest()
        return part.modality, digest


def _weight_of(text: str, forms: Forms) -> int:
    """Characters that forms take; a view may hold on to places of the whole text it was found in."""
    chars = sum(len(view.text) for view in forms.views)
    return _CHARS_WITHOUT_VIEWS + (len(text) + chars if forms.views else 0)


def _first(errors: BaseExceptionGroup[Any]) -> BaseException:
    """The first single error of a group, however deep."""
    error: BaseException = errors
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
