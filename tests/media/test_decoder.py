"""Decoder processes that hang, die, or are left alone. Nothing here is quick or slow: tests wait for what they mean."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import numpy as np
import pytest
from support.media_files import animation, encoded, noise, picture, png_header, tone, wav

from moderation.errors import DecodeStageError, ModerationError, TooLargeError, UndecodableError
from moderation.limits import Limits
from moderation.media.decoder import Decoder
from moderation.media.reading import read
from moderation.schema import Modality

LIMITS = Limits()
PATIENCE_S = 120  # for what must come, on however busy a machine
PNG = encoded(picture(), "PNG")


def with_decoder(use: Callable[[Decoder], Awaitable[None]], *, processes: int = 1, limits: Limits = LIMITS) -> None:
    """Runs `use` on a started decoder; afterwards none of its processes may be left, not even as a zombie."""
    before = set(children())

    async def main() -> None:
        decoder = Decoder(limits, processes=processes)
        await decoder.start()
        try:
            async with asyncio.timeout(2 * PATIENCE_S):
                await use(decoder)
        finally:
            await decoder.close()

    asyncio.run(main())
    assert set(children()) <= before


def children() -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{os.getpid()}/task").iterdir():
        with contextlib.suppress(FileNotFoundError):  # a thread that ended meanwhile
            found += [int(pid) for pid in (task / "children").read_text().split()]
    return found


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("moderation.media.decoder._START_TIMEOUT_S", PATIENCE_S)


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not true():  # noqa: ASYNC110 - of a process nothing tells
            await asyncio.sleep(0.01)


async def fails(work: Awaitable[object], code: str, kind: type[ModerationError] = DecodeStageError) -> None:
    with pytest.raises(kind) as caught:
        await work
    assert caught.value.code == code


def test_the_same_answers_as_in_process() -> None:
    data = animation("GIF", 10)
    sound = wav(tone(1.0))

    async def use(decoder: Decoder) -> None:
        decoded = await decoder.decode(Modality.IMAGE, data, deadline_s=PATIENCE_S)
        wanted = read(Modality.IMAGE, data, LIMITS)
        assert decoded.counts == wanted.counts
        for ours, theirs in zip(decoded.images, wanted.images, strict=True):
            assert (ours.width, ours.height, ours.place) == (theirs.width, theirs.height, theirs.place)
            assert np.array_equal(ours.pixels, theirs.pixels)
        (waveform,) = (await decoder.decode(Modality.AUDIO, sound, deadline_s=PATIENCE_S)).sounds
        assert np.array_equal(waveform.samples, read(Modality.AUDIO, sound, LIMITS).sounds[0].samples)
        assert waveform.samples.dtype == np.float32

    with_decoder(use)


def test_bad_input_keeps_the_worker() -> None:
    async def use(decoder: Decoder) -> None:
        pids = decoder.pids
        await fails(
            decoder.decode(Modality.IMAGE, b"rubbish", deadline_s=PATIENCE_S), "undecodable_image", UndecodableError
        )
        await fails(
            decoder.decode(Modality.IMAGE, PNG[:60], deadline_s=PATIENCE_S), "truncated_image", UndecodableError
        )
        await fails(
            decoder.decode(Modality.IMAGE, png_header(50_000, 50_000), deadline_s=PATIENCE_S),
            "too_many_pixels",
            TooLargeError,
        )
        await fails(
            decoder.decode(Modality.AUDIO, b"rubbish", deadline_s=PATIENCE_S), "undecodable_audio", UndecodableError
        )
        assert decoder.pids == pids

    with_decoder(use)


def test_refused_before_anything_is_sent() -> None:
    async def use(decoder: Decoder) -> None:
        await fails(decoder.decode(Modality.IMAGE, b"", deadline_s=PATIENCE_S), "empty_media", UndecodableError)
        await fails(decoder.decode(Modality.AUDIO, b"", deadline_s=PATIENCE_S), "empty_media", UndecodableError)
        await fails(
            decoder.decode(Modality.IMAGE, bytes(1001), deadline_s=PATIENCE_S), "media_too_large", TooLargeError
        )

    with_decoder(use, limits=dataclasses.replace(LIMITS, max_media_bytes=1000))


def test_a_hung_worker_is_killed_at_the_deadline_and_replaced() -> None:
    async def use(decoder: Decoder) -> None:
        (pid,) = decoder.pids
        os.kill(pid, signal.SIGSTOP)
        started = time.monotonic()
        await fails(
            decoder.decode(Modality.IMAGE, PNG, deadline_s=0.5), "decoder_timeout"
        )  # it never answers: nothing else ends this
        assert time.monotonic() - started > 0.4
        assert len((await decoder.decode(Modality.IMAGE, PNG, deadline_s=PATIENCE_S)).images) == 1
        assert decoder.pids != (pid,)

    with_decoder(use)


def test_a_worker_that_dies_while_decoding() -> None:
    async def use(decoder: Decoder) -> None:
        (pid,) = decoder.pids
        os.kill(pid, signal.SIGSTOP)
        task = asyncio.create_task(
            decoder.decode(Modality.IMAGE, encoded(noise(600, 600), "BMP"), deadline_s=PATIENCE_S)
        )
        await until(lambda: bool(decoder._busy))
        os.kill(pid, signal.SIGKILL)
        await fails(task, "decoder_killed")
        assert len((await decoder.decode(Modality.IMAGE, PNG, deadline_s=PATIENCE_S)).images) == 1

    with_decoder(use)


def test_a_worker_that_died_while_idle_costs_no_request() -> None:
    async def use(decoder: Decoder) -> None:
        (worker,) = decoder._idle
        os.kill(worker.pid, signal.SIGKILL)
        await until(lambda: not worker.alive)  # the loop was told
        assert len((await decoder.decode(Modality.IMAGE, PNG, deadline_s=PATIENCE_S)).images) == 1

    with_decoder(use)


def test_waiting_counts_against_the_deadline() -> None:
    async def use(decoder: Decoder) -> None:
        os.kill(decoder.pids[0], signal.SIGSTOP)
        first = asyncio.create_task(decoder.decode(Modality.IMAGE, PNG, deadline_s=PATIENCE_S))
        await until(lambda: bool(decoder._busy))
        await fails(decoder.decode(Modality.IMAGE, PNG, deadline_s=0.3), "decoder_timeout")
        assert not first.done()
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        assert len((await decoder.decode(Modality.IMAGE, PNG, deadline_s=PATIENCE_S)).images) == 1

    with_decoder(use)


def test_a_caller_who_leaves_cuts_no_answer_in_two() -> None:
    big = encoded(noise(1500, 1500), "PNG")
    left: list[object] = []

    async def use(decoder: Decoder) -> None:
        # Before an answer in any case, and where it may have begun. None of this is about how fast it comes.
        for delay_s, stopped in ((0.0, False), (0.01, True), (0.01, False), (0.03, False), (0.06, False)):
            if stopped:
                os.kill(decoder.pids[0], signal.SIGSTOP)
            task = asyncio.create_task(decoder.decode(Modality.IMAGE, big, deadline_s=PATIENCE_S))
            await asyncio.sleep(delay_s)
            task.cancel()
            left.extend(await asyncio.gather(task, return_exceptions=True))
            decoded = await decoder.decode(Modality.IMAGE, PNG, deadline_s=PATIENCE_S)
            assert decoded.images[0].pixels.shape == (30, 40, 3)

    with_decoder(use)
    assert sum(isinstance(result, asyncio.CancelledError) for result in left) >= 2


def test_many_at_once_each_gets_its_own() -> None:
    async def use(decoder: Decoder) -> None:
        sizes = [(20 + index, 10 + index) for index in range(24)]
        files = [encoded(picture(*size), "PNG") for size in sizes]
        answers = await asyncio.gather(*(decoder.decode(Modality.IMAGE, data, deadline_s=PATIENCE_S) for data in files))
        assert [(answer.images[0].width, answer.images[0].height) for answer in answers] == sizes
        assert len(decoder.pids) == 2

    with_decoder(use, processes=2)


def test_memory_is_bounded() -> None:
    limits = dataclasses.replace(LIMITS, decoder_memory_bytes=320 << 20)
    big = encoded(picture(7000, 7000), "PNG")

    async def use(decoder: Decoder) -> None:
        await fails(decoder.decode(Modality.IMAGE, big, deadline_s=PATIENCE_S), "decoder_out_of_memory")
        assert len((await decoder.decode(Modality.IMAGE, PNG, deadline_s=PATIENCE_S)).images) == 1

    with_decoder(use, limits=limits)


def test_too_little_memory_to_start() -> None:
    async def main() -> None:
        decoder = Decoder(dataclasses.replace(LIMITS, decoder_memory_bytes=40 << 20), processes=1)
        with pytest.raises(DecodeStageError):
            await decoder.start()

    asyncio.run(main())


def test_workers_are_recycled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("moderation.media.decoder._TASKS_PER_PROCESS", 2)

    async def use(decoder: Decoder) -> None:
        seen: list[int] = []
        for _ in range(5):
            seen.extend(decoder.pids)
            await decoder.decode(Modality.IMAGE, PNG, deadline_s=PATIENCE_S)
        assert len(set(seen)) >= 2

    with_decoder(use)


def test_any_event_loop_of_the_process() -> None:
    async def use(decoder: Decoder) -> None:
        answers: list[int] = []

        def elsewhere() -> None:
            answers.append(len(asyncio.run(decoder.decode(Modality.IMAGE, PNG, deadline_s=PATIENCE_S)).images))

        thread = threading.Thread(target=elsewhere)
        thread.start()
        await asyncio.to_thread(thread.join)
        assert answers == [1]

    with_decoder(use)


def test_closing_under_way_and_use_after_it() -> None:
    async def main() -> None:
        decoder = Decoder(LIMITS, processes=1)
        await decoder.start()
        os.kill(decoder.pids[0], signal.SIGSTOP)
        task = asyncio.create_task(decoder.decode(Modality.IMAGE, PNG, deadline_s=PATIENCE_S))
        await until(lambda: bool(decoder._busy))
        await decoder.close()
        await fails(task, "decoder_killed")
        await fails(decoder.decode(Modality.IMAGE, PNG, deadline_s=PATIENCE_S), "decoder_failed")
        await decoder.close()

    asyncio.run(main())


def test_no_process_is_not_enough() -> None:
    with pytest.raises(ValueError, match="at least one"):
        Decoder(LIMITS, processes=0)


def test_an_embedding_program_needs_no_main_guard(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        "import asyncio\n"
        "from moderation.errors import ModerationError\n"
        "from moderation.limits import Limits\n"
        "from moderation.media.decoder import Decoder\n"
        "from moderation.schema import Modality\n"
        "async def main():\n"
        "    decoder = Decoder(Limits(), processes=1)\n"
        "    await decoder.start()\n"
        "    try:\n"
        "        await decoder.decode(Modality.IMAGE, b'rubbish', deadline_s=120)\n"
        "    except ModerationError as error:\n"
        "        print(error.code)\n"
        "    await decoder.close()\n"
        "asyncio.run(main())\n"
        "import sys\n"
        "print([name for name in ('PIL', 'av') if name in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", str(program)], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert done.stdout.splitlines() == ["undecodable_image", "[]"]
    assert done.stderr == ""
