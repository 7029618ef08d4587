"""Media that an operator's banks hold, through the whole engine: real pictures, real hashes, models that are fakes."""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import io
import json
import threading
import time
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from support.engines import Counting, StandInDecoder, fake_engine, fake_models, png, wav
from support.hashes import changed, image, photo, write_bank
from support.media_files import encoded

from moderation.errors import DecodeStageError
from moderation.known.banks import Banks
from moderation.known.matches import Known
from moderation.known.signals import Frame, frames_written
from moderation.known.store import BankStore
from moderation.media.decoded import Decoded
from moderation.models.hashing import pdq
from moderation.pipelines import recognising
from moderation.schema import (
    Content,
    Decision,
    Evidence,
    Finding,
    KnownEvidence,
    Modality,
    ModerationResult,
    Part,
    Unjudged,
)

MADE = dt.date(2020, 1, 1)  # long over
KNOWN = "known_content"


def picture(pixels: npt.NDArray[np.uint8], form: str = "PNG", **options: Any) -> bytes:
    return encoded(Image.fromarray(pixels), form, **options)


def row(pixels: npt.NDArray[np.uint8], name: str = "one", **more: object) -> dict[str, object]:
    return {"id": name, "hash": pdq(pixels).hex, **more}


def judge(
    banks: Path | None, data: bytes, modality: Modality = Modality.IMAGE, *, tenant: str | None = None, **options: Any
) -> ModerationResult:
    async def scenario() -> ModerationResult:
        engine = fake_engine(banks=banks, **options)
        try:
            return await engine.moderate(Content((Part.from_bytes(modality, data),), tenant=tenant))
        finally:
            await engine.close()

    return asyncio.run(scenario())


def known_of(result: ModerationResult) -> KnownEvidence:
    (finding,) = result.findings
    assert finding.evidence.known is not None
    return finding.evidence.known


@pytest.fixture
def bank(tmp_path: Path) -> Path:
    write_bank(tmp_path, [row(photo(1))])
    return tmp_path


def test_a_known_picture_is_blocked_and_told_where_from(bank: Path) -> None:
    result = judge(bank, picture(photo(1)))
    revision = BankStore([bank]).current.heads[0].revision
    known = KnownEvidence("bank", "one", "pdq", distance=0)
    assert result.findings == (Finding(KNOWN, 1.0, "bank:bank", revision, "input[0]", (), Evidence(known=known)),)
    assert (result.decision, result.category_scores[KNOWN], result.unjudged) == (Decision.BLOCK, 1.0, ())


@pytest.mark.parametrize(
    "data",
    [
        picture(photo(1), "JPEG", quality=40),
        picture(photo(1)[::2, ::2], "WEBP"),
        picture(np.clip(photo(1).astype(int) * 0.8 + 10, 0, 255).astype("u1")),
    ],
    ids=["saved again", "shrunk", "darker"],
)
def test_a_known_picture_that_was_changed_is_blocked(bank: Path, data: bytes) -> None:
    result = judge(bank, data)
    distance = known_of(result).distance
    assert distance is not None
    assert distance <= 31
    assert result.decision is Decision.BLOCK


def test_another_picture_passes_and_is_covered(bank: Path) -> None:
    result = judge(bank, picture(photo(2)))
    assert (result.decision, result.findings, result.unjudged) == (Decision.ALLOW, (), ())
    assert (result.category_scores[KNOWN], result.categories[KNOWN]) == (0.0, False)


@pytest.mark.parametrize("make", [lambda folder: None, lambda folder: folder], ids=["none", "empty"])
def test_without_banks_nothing_is_covered(make: Callable[[Path], Path | None], tmp_path: Path) -> None:
    result = judge(make(tmp_path), picture(photo(1)))
    assert (result.decision, KNOWN in result.uncovered) == (Decision.ALLOW, True)


def test_no_text_is_covered(bank: Path) -> None:
    async def scenario() -> ModerationResult:
        return await fake_engine(banks=bank).moderate(Content((Part.from_text("a"),)))

    assert KNOWN in asyncio.run(scenario()).uncovered


@pytest.mark.parametrize(("tenant", "decision"), [("shop", "block"), ("other", "allow"), (None, "allow")])
def test_a_tenants_bank_is_for_that_tenant_alone(tenant: str | None, decision: str, tmp_path: Path) -> None:
    write_bank(tmp_path, [row(photo(1))], head='tenant = "shop"')
    result = judge(tmp_path, picture(photo(1)), tenant=tenant)
    assert (result.decision, KNOWN in result.uncovered) == (decision, decision == "allow")
    write_bank(tmp_path, [row(photo(2))], name="everybody's")
    assert judge(tmp_path, picture(photo(1)), tenant=tenant).decision == decision
    assert judge(tmp_path, picture(photo(2)), tenant=tenant).decision is Decision.BLOCK


def test_tenants_of_one_call_get_answers_of_their_own(tmp_path: Path) -> None:
    write_bank(tmp_path, [row(photo(1))], head='tenant = "shop"')

    async def scenario() -> list[Any]:
        engine = fake_engine(banks=tmp_path)
        part = Part.from_bytes(Modality.IMAGE, picture(photo(1)))
        return await engine.moderate_many([Content((part,), tenant=tenant) for tenant in ("shop", "other", "shop")])

    assert [one.decision for one in asyncio.run(scenario())] == ["block", "allow", "block"]


def test_a_bank_that_expired_says_nothing(tmp_path: Path) -> None:
    write_bank(tmp_path, [row(photo(1))], head=f"expires = {MADE}")
    result = judge(tmp_path, picture(photo(1)))
    assert (result.decision, KNOWN in result.uncovered) == (Decision.ALLOW, True)
    write_bank(tmp_path, [row(photo(2))], name="newer", head="expires = 9999-12-31")
    assert judge(tmp_path, picture(photo(1))).decision is Decision.ALLOW
    assert judge(tmp_path, picture(photo(2))).decision is Decision.BLOCK


def test_a_low_score_is_for_review(tmp_path: Path) -> None:
    write_bank(tmp_path, [row(photo(1))], head="score = 0.5")
    assert judge(tmp_path, picture(photo(1))).decision is Decision.REVIEW


def test_a_match_is_of_the_categories_of_its_entry(tmp_path: Path) -> None:
    rows = [row(photo(1), categories=["violence/graphic", "hate"]), row(photo(2), "two")]
    write_bank(tmp_path, rows, head='category = "sexual/minors"')
    own = judge(tmp_path, picture(photo(1)))
    assert {finding.category for finding in own.findings} == {"violence/graphic", "hate"}
    assert (own.category_scores["violence"], own.decision) == (1.0, Decision.BLOCK)
    assert KNOWN in own.uncovered, "it is known, and not for that category"
    other = judge(tmp_path, picture(photo(3)))
    assert other.category_scores[KNOWN] == 0.0
    assert "sexual/minors" in other.uncovered, "that a picture is in no bank says nothing of what it shows"


def test_a_frame_of_an_animation(bank: Path) -> None:
    frames = [Image.fromarray(photo(seed)) for seed in (2, 1, 3)]
    result = judge(bank, encoded(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=50))
    (finding,) = result.findings
    assert (finding.evidence.frame, result.decision) == (1, Decision.BLOCK)
    assert known_of(result).places is None


def test_of_many_places_the_nearest_and_their_number_are_told(bank: Path) -> None:
    class Film(StandInDecoder):
        async def decode(self, modality: Modality, data: bytes, *, deadline_s: float) -> Decoded:
            return Decoded(tuple(image(pixels, page=page) for page, pixels in enumerate(pages, start=1)))

    brighter = np.clip(photo(1).astype(int) + 9, 0, 255).astype(np.uint8)
    pages = (photo(2), brighter, photo(1), brighter)
    result = judge(bank, b"%PDF", Modality.DOCUMENT, decoder=Film())
    assert (result.findings[0].evidence.page, known_of(result)) == (
        3,
        KnownEvidence("bank", "one", "pdq", distance=0, places=3),
    )


def test_a_picture_in_an_archive(bank: Path) -> None:
    with io.BytesIO() as buffer:
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("a/other.png", picture(photo(2)))
            archive.writestr("a/known.jpg", picture(photo(1), "JPEG"))
        result = judge(bank, buffer.getvalue(), Modality.DOCUMENT)
    (finding,) = result.findings
    assert (finding.evidence.member, known_of(result).entry, result.decision) == ("a/known.jpg", "one", "block")


@pytest.mark.parametrize("kind", ["md5", "sha1", "sha256"])
@pytest.mark.parametrize(("modality", "data"), [(Modality.IMAGE, png()), (Modality.AUDIO, wav())], ids=["png", "wav"])
def test_a_file_byte_for_byte(kind: str, modality: Modality, data: bytes, tmp_path: Path) -> None:
    write_bank(tmp_path, [{"id": "f", "signal": kind, "hash": hashlib.new(kind, data).hexdigest()}])
    result = judge(tmp_path, data, modality)
    assert (result.decision, known_of(result)) == (Decision.BLOCK, KnownEvidence("bank", "f", kind))
    other = judge(tmp_path, data + b"\0", modality)
    assert (other.decision, other.category_scores[KNOWN]) == (Decision.ALLOW, 0.0)


def test_a_known_file_that_cannot_be_decoded_is_blocked_all_the_same(tmp_path: Path) -> None:
    write_bank(tmp_path, [{"signal": "sha256", "hash": hashlib.sha256(png()).hexdigest()}])
    decoder = StandInDecoder(DecodeStageError("late", code="decoder_timeout"))
    result = judge(tmp_path, png(), decoder=decoder)
    assert (result.decision, [gap.reason for gap in result.unjudged]) == (Decision.BLOCK, ["decoder_timeout"])


def test_a_turned_picture(bank: Path, tmp_path: Path) -> None:
    turned = picture(np.rot90(photo(1), 3))
    assert judge(bank, turned).decision is Decision.ALLOW
    write_bank(tmp_path, [row(photo(1))], head="turned = true")
    result = judge(tmp_path, turned)
    assert (result.decision, known_of(result).turn) == (Decision.BLOCK, "rotate_90")


def test_a_cut_of_a_video(tmp_path: Path) -> None:
    class Film(StandInDecoder):
        async def decode(self, modality: Modality, data: bytes, *, deadline_s: float) -> Decoded:
            frames = [at if modality is Modality.VIDEO else None for at in range(5)]
            pictures = zip(frames, [3, 4, 5, 6, 40], strict=True)
            return Decoded(tuple(image(photo(seed), frame=frame) for frame, seed in pictures))

    frames = [Frame(changed(pdq(photo(seed)).data, 8), 100, float(seed)) for seed in range(10)]
    write_bank(tmp_path, [{"id": "v", "signal": "vpdq", "hash": frames_written(frames)}])
    result = judge(tmp_path, b"film", Modality.VIDEO, decoder=Film())
    assert result.findings[0].evidence.frame == 0
    assert known_of(result) == KnownEvidence("bank", "v", "vpdq", distance=8, places=4, of_query=80.0, of_bank=40.0)
    still = judge(tmp_path, b"letter", Modality.DOCUMENT, decoder=Film())
    assert (still.findings, KNOWN in still.uncovered) == ((), True), "nothing but videos is compared with videos"


def test_an_animation_is_compared_with_videos(tmp_path: Path) -> None:
    frames = [Frame(pdq(photo(seed)).data, 100, float(seed)) for seed in range(4)]
    write_bank(tmp_path, [{"id": "v", "signal": "vpdq", "hash": frames_written(frames)}])
    shown = [Image.fromarray(photo(seed)) for seed in (1, 2)]
    result = judge(tmp_path, encoded(shown[0], "WEBP", lossless=True, save_all=True, append_images=shown[1:]))
    assert known_of(result) == KnownEvidence("bank", "v", "vpdq", distance=0, places=2, of_query=100.0, of_bank=50.0)


# ---- what is not compared


def test_a_picture_with_nothing_on_it_is_uncovered_and_no_gap(bank: Path) -> None:
    result = judge(bank, png())
    assert (result.decision, result.unjudged, KNOWN in result.uncovered) == (Decision.ALLOW, (), True)


def test_its_file_is_compared_where_a_bank_has_files(bank: Path) -> None:
    write_bank(bank, [{"signal": "md5", "hash": "0" * 32}], name="files")
    assert judge(bank, png()).category_scores[KNOWN] == 0.0


def test_one_frame_that_is_compared_covers_an_animation(bank: Path) -> None:
    frames = [Image.new("RGB", (320, 240)), Image.fromarray(photo(3))]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=50)
    assert judge(bank, data).category_scores[KNOWN] == 0.0


# ---- in time


def test_a_look_is_beside_the_models(bank: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    models = fake_models()
    asked, answered = Counting(models[1]).asked, threading.Event()

    def late(*_: object, **__: object) -> Known:
        end = time.monotonic() + 20
        while not asked:
            assert time.monotonic() < end
            time.sleep(0.01)
        answered.set()
        return Known()

    monkeypatch.setattr(recognising, "look_up", late)
    result = judge(bank, picture(photo(1)), models=models, deadline_s=30)
    assert (answered.is_set(), result.decision, result.unjudged) == (True, Decision.ALLOW, ())


def test_a_look_that_comes_too_late_is_a_gap_and_ends(bank: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = threading.Event()

    def endless(*_: object, check: Callable[[], object], **__: object) -> None:
        try:
            while True:
                check()
                time.sleep(0.01)
        finally:
            ended.set()

    monkeypatch.setattr(recognising, "look_up", endless)
    result = judge(bank, picture(photo(1)), deadline_s=0.5)
    assert result.unjudged == (Unjudged("input[0]", "known", "deadline_exceeded"),)
    assert (result.decision, KNOWN in result.uncovered) == (Decision.REVIEW, True)
    assert ended.wait(10), "the thread is not held for ever"


def test_a_look_that_breaks_is_a_gap(bank: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr(recognising, "look_up", broken)
    result = judge(bank, picture(photo(1)))
    assert (result.decision, [gap.reason for gap in result.unjudged]) == (Decision.REVIEW, ["stage_failed"])


def test_few_looks_at_once(bank: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock, now, most = threading.Lock(), 0, 0

    def slow(banks: Banks, images: Sequence[object], *_: object, **__: object) -> Known:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.05)
        with lock:
            now -= 1
        return Known()

    monkeypatch.setattr(recognising, "look_up", slow)

    async def scenario() -> None:
        engine = fake_engine(banks=bank)
        parts = [Part.from_bytes(Modality.IMAGE, picture(photo(seed, 60, 60))) for seed in range(6)]
        await asyncio.gather(*(engine.moderate(Content((part,))) for part in parts))
        await engine.close()

    asyncio.run(scenario())
    assert most == recognising.AT_ONCE


# ---- banks that change


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not is_so():  # noqa: ASYNC110 - what it waits for is no event
            await asyncio.sleep(0.01)


def test_banks_are_taken_over_and_a_wrong_one_is_told_once(tmp_path: Path) -> None:
    told: list[str] = []

    async def scenario() -> list[Decision]:
        engine = fake_engine(banks=tmp_path, banks_reload_s=0.01, report=told.append)
        await engine.start()

        async def decision() -> Decision:
            return (await engine.moderate(Content((Part.from_bytes(Modality.IMAGE, picture(photo(1))),)))).decision

        seen = [await decision()]
        write_bank(tmp_path, [row(photo(1))])
        await until(lambda: bool(engine.banks.current.heads))
        seen.append(await decision())
        (tmp_path / "bank.jsonl").write_text(json.dumps({"hash": "0"}) + "\n")
        await until(lambda: bool(told))
        await asyncio.sleep(0.1)
        seen.append(await decision())
        write_bank(tmp_path, [row(photo(2))])
        await until(lambda: engine.banks.error is None)
        seen.append(await decision())
        await engine.close()
        return seen

    assert asyncio.run(scenario()) == ["allow", "block", "block", "allow"]
    assert len(told) == 1
    assert told[0].startswith(f"the banks stay as they were: {tmp_path / 'bank.jsonl'}:1: a pdq hash has 64")
