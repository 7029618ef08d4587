"""The engine: contents -> results. Extract, classify, fuse, decide; the same behind every way in.

It knows `Runner`, never where models run, and keeps nothing between calls but scores, forms and listed terms of texts,
in bounded caches. The lists, the banks and the day are those of when a call began.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from time import perf_counter

from moderation.errors import InvalidRequestError, ModerationError
from moderation.fetch.fetcher import Fetcher
from moderation.fetch.filling import Filling
from moderation.fetch.settings import FetchSettings
from moderation.known.store import BankStore
from moderation.limits import Limits
from moderation.lists.matching import Lists, utc_day
from moderation.lists.store import ListStore
from moderation.normalise.views import warm_up
from moderation.personal.find import held_back
from moderation.pipelines.call import Call, Kept, Places
from moderation.pipelines.extract import MediaDecoder
from moderation.pipelines.forms import lexicon_of
from moderation.pipelines.gather import Request, finish_aside, joined_aside
from moderation.pipelines.pacing import PHASE_S, Pace
from moderation.pipelines.profile import Profile
from moderation.pipelines.recognising import AT_ONCE as LOOKS_AT_ONCE
from moderation.pipelines.recognising import Recogniser
from moderation.pipelines.runner import Runner
from moderation.pipelines.units import check
from moderation.policy import Policy
from moderation.reloading import Reload
from moderation.schema import Content, Modality, ModerationResult

_LOG = logging.getLogger("moderation")
# After a look that broke, this many times as long as it took: new lists may break it only after seconds of work.
_REST = 10


@dataclass(frozen=True, slots=True)
class Options:
    """How an engine works beside its models.

    Attributes:
        cache_entries: windows and passages whose scores are kept, and in proportion the forms of the texts and the
            terms that lists found in them.
        lists_reload_s: seconds between looks at the files of lists; 0 for never.
        banks_reload_s: likewise at those of banks.
        report: told what an operator should see; the log `moderation` if it is left out.
    """

    cache_entries: int = 0
    lists_reload_s: float = 0.0
    banks_reload_s: float = 0.0
    report: Callable[[str], None] | None = None


class Engine:
    """Judges contents with a profile's models under named policies."""

    def __init__(
        self,
        *,
        profile: Profile,
        policies: Mapping[str, Policy],
        default_policy: str,
        runner: Runner,
        decoder: MediaDecoder,
        limits: Limits,
        lists: ListStore,
        options: Options,
        banks: BankStore | None = None,
        fetcher: Fetcher | None = None,
    ) -> None:
        self.profile = profile
        self.policies = policies
        self.runner = runner
        self.limits = limits
        self.lists = lists
        self.banks = BankStore([]) if banks is None else banks
        self.default_policy = default_policy
        self._options = options
        self._decoder = decoder
        self._fetcher = Fetcher(FetchSettings()) if fetcher is None else fetcher
        self._places = Places(limits.max_media_at_once, limits.max_media_waiting)
        self._kept = Kept.of(options.cache_entries)
        self._looks = asyncio.Semaphore(LOOKS_AT_ONCE)
        self._reloading: list[asyncio.Task[None]] = []
        self._started = False

    async def start(self) -> None:
        """Starts the decoders and lets every model answer once; until then `not_ready` says what is missing.

        Raises:
            WeightsMissingError: a package with tables of words is not installed.
        """
        await self._decoder.start()
        await self._fetcher.start()
        await asyncio.to_thread(warm_up)
        await asyncio.to_thread(held_back, "")  # compiles what only streams need
        await asyncio.to_thread(_learn_words, self.lists.lists)
        await self.runner.warm_up()
        options = self._options
        self._watch("lists", self._new_lists, options.lists_reload_s)
        self._watch("banks", self.banks.reload_if_changed, options.banks_reload_s)
        self._started = True

    async def close(self) -> None:
        """Ends the decoders and the models, each whatever the others do; waiting calls get their stage errors."""
        async with contextlib.AsyncExitStack() as last:
            last.push_async_callback(self._decoder.close)
            last.push_async_callback(self._fetcher.close)
            last.push_async_callback(self.runner.close)
            for task in self._reloading:
                task.cancel()
            await asyncio.gather(*self._reloading, return_exceptions=True)

    def _new_lists(self) -> Reload:
        """The old ones stay also until the words of the new ones are made: no call waits for those."""
        return self.lists.reload_if_changed(prepare=_learn_words)

    def _watch(self, what: str, look: Callable[[], Reload], every_s: float) -> None:
        if every_s:
            self._reloading.append(asyncio.create_task(self._reload(what, look, every_s)))

    async def _reload(self, what: str, look: Callable[[], Reload], every_s: float) -> None:
        """Looks at files again and again; what is wrong is reported once, and what was read before stays."""
        reported, wait_s = "", 0.0
        while True:
            await asyncio.sleep(max(wait_s, every_s))
            problem, wait_s, began = "", 0.0, perf_counter()
            try:
                reload = await asyncio.to_thread(look)
                if reload.error is not None:
                    problem = reload.error.message
            except Exception as error:  # noqa: BLE001 - whatever one file breaks, later ones are taken over
                problem = f"{type(error).__name__}: {error}"
                wait_s = _REST * (perf_counter() - began)
            if problem and problem != reported:
                self._tell(f"the {what} stay as they were: {problem}")
            reported = problem

    def _tell(self, message: str) -> None:
        try:
            (self._options.report or _LOG.warning)(message)
        except Exception:  # noqa: BLE001 - as the files are: who is told may not end the looks either
            _LOG.exception(message)

    def not_ready(self) -> Mapping[str, str]:
        """Stages that cannot answer now, each with its reason; empty when all can."""
        unavailable = self.runner.unavailable()
        reasons = {stage.key: unavailable[stage.key] for stage in self.profile.stages if stage.key in unavailable}
        return reasons if self._started or reasons else {"decode": "starting"}

    def policy(self, name: str | None) -> Policy:
        """A policy by name; the default one for `None`.

        Raises:
            InvalidRequestError: code `unknown_policy`.
        """
        policy = self.policies.get(self.default_policy if name is None else name)
        if policy is None:
            message = f"there is no policy of that name; there are: {', '.join(sorted(self.policies))}"
            raise InvalidRequestError(message, code="unknown_policy", param="policy")
        return policy

    async def moderate(self, content: Content) -> ModerationResult:
        """Judges one content.

        Raises:
            InputError: what was sent cannot be judged; `param` says where.
            OverloadedError: try again later.
        """
        (result,) = await self.moderate_many([content])
        if isinstance(result, ModerationError):
            raise result
        return result

    async def moderate_many(self, contents: Sequence[Content]) -> list[ModerationResult | ModerationError]:
        """Judges contents together: a result, or an error of its own, for each, in order.

        Equal texts and equal media of the whole call are judged once, and equal URLs fetched once.

        Raises:
            OverloadedError: try again later; nothing was judged.
        """
        async with Filling(self._fetcher) as filling:
            return await self._moderate_many(contents, filling)

    async def _moderate_many(
        self, contents: Sequence[Content], filling: Filling
    ) -> list[ModerationResult | ModerationError]:
        began = perf_counter()
        tenants = dict.fromkeys(content.tenant for content in contents)
        # Once: a reload or midnight meanwhile is for the next call.
        lists, banks, today = self.lists.lists, self.banks.current, utc_day()
        calls = {tenant: self._call(lists, Recogniser(banks, tenant, today, self._looks)) for tenant in tenants}
        admitted = await self._admit(contents)
        requests = await asyncio.gather(*(_filled(one, filling) for one in admitted))
        for tenant, call in calls.items():
            own = [one for one in requests if isinstance(one, Request) and one.content.tenant == tenant]
            pieces = [piece for request in own for piece in request.pieces]
            texts = [piece.part.text for piece in pieces if piece.part.text is not None]
            await call.judge(
                [*texts, *(one.text for request in own for one in request.joined if one.judged)],
                [piece.part for piece in pieces if piece.part.modality is not Modality.TEXT],
            )
        results: list[ModerationResult | ModerationError] = []
        pace = Pace()
        for request in requests:
            await pace.rest()
            if isinstance(request, Request):
                results.append(await finish_aside(request, calls[request.content.tenant], began=began))
            else:
                results.append(request)
        return results

    def _call(self, lists: Lists, recogniser: Recogniser) -> Call:
        return Call(
            self.profile,
            self.runner,
            self._decoder,
            self._places,
            self._kept,
            lists,
            tenant=recogniser.tenant,
            today=recogniser.today,
            recogniser=recogniser,
        )

    async def _admit(self, contents: Sequence[Content]) -> list[Request | ModerationError]:
        """Checks contents, and joins the turns of each."""
        admitted: list[Request | ModerationError] = []
        pace = Pace()
        until = perf_counter() + PHASE_S
        for content in contents:
            await pace.rest()
            try:
                policy = self.policy(content.policy)
                pieces = check(content, self.limits, fetches=self._fetcher.settings.enabled)
            except ModerationError as error:
                admitted.append(error)
                continue
            joined, unjoined = await joined_aside(content, deadline_s=until - perf_counter())
            admitted.append(Request(content, policy, pieces, joined, unjoined))
        return admitted


async def _filled(request: Request | ModerationError, filling: Filling) -> Request | ModerationError:
    """A request whose URLs have become bytes, or the error of the first that cannot be had."""
    if isinstance(request, ModerationError) or all(piece.part.url is None for piece in request.pieces):
        return request
    try:
        parts = await filling.fill({piece.path: piece.part for piece in request.pieces})
    except ModerationError as error:
        return error
    return replace(request, pieces=[replace(piece, part=parts[piece.path]) for piece in request.pieces])


def _learn_words(lists: Lists) -> None:
    """Makes what disguised terms are known by, for each tenant with lists: many terms take a second."""
    for tenant in {None, *(one.tenant for one in lists.lists)}:
        lexicon_of(lists, tenant)
