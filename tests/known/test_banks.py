"""What banks say of media: pictures, files and videos, for the tenants they are for."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from support.hashes import banked, changed, image, photo, write_bank

from moderation.known.banks import MAX_MATCHES, Banks
from moderation.known.looking import look_up
from moderation.known.matches import LOW_QUALITY, WHOLE, Known, KnownMatch
from moderation.known.prints import Print, Prints, Wanted, prints_of
from moderation.known.signals import Frame, Kind, frames_written
from moderation.known.store import load_banks
from moderation.known.vpdq import Shares, compare
from moderation.media.decoded import Image, Place
from moderation.models.hashing import Turn, pdq

TODAY = dt.date(2026, 11, 20)
DATA = b"any file"


def look(
    banks: Banks,
    images: Sequence[Image] = (),
    data: bytes | None = None,
    *,
    tenant: str | None = None,
    is_video: bool = False,
) -> Known:
    return look_up(banks, images, data, tenant=tenant, today=TODAY, is_video=is_video)


def test_a_known_picture_is_found_when_it_was_changed(tmp_path: Path) -> None:
    own = pdq(photo(1))
    rows: list[dict[str, object]] = [
        {"id": "near", "hash": changed(own.data, 20).hex(), "tags": ["t"], "categories": ["sexual"]},
        {"id": "far", "hash": changed(own.data, 32).hex()},
        {"id": "other", "hash": pdq(photo(2)).hex},
    ]
    banks = banked(tmp_path, rows, head='category = "violence"\nscore = 0.7\n')
    found = look(banks, [image(photo(1))])
    revision = banks.heads[0].revision
    assert found == Known(
        (KnownMatch("bank", revision, "near", Kind.PDQ, ("sexual",), 0.7, 20, WHOLE, (WHOLE,), tags=("t",)),)
    )
    assert look(banks, [image(photo(3))]) == Known()
    assert look(banks) == Known()


def test_each_bank_has_its_own_threshold_and_category(tmp_path: Path) -> None:
    own = pdq(photo(1))
    write_bank(tmp_path, [{"hash": changed(own.data, 10).hex()}], name="strict", head="threshold = 9")
    write_bank(tmp_path, [{"hash": changed(own.data, 40).hex()}], name="wide", head="threshold = 40")
    write_bank(tmp_path, [{"hash": own.hex}], name="plain")
    found = look(load_banks([tmp_path]), [image(photo(1))]).matches
    assert [(one.bank, one.distance, one.categories) for one in found] == [
        ("plain", 0, ("known_content",)),
        ("wide", 40, ("known_content",)),
    ]
    assert found[0].entry == own.hex, "an entry without a name is called by its hash"


def test_where_it_was_seen(tmp_path: Path) -> None:
    banks = banked(tmp_path, [{"id": "one", "hash": pdq(photo(1)).hex}])
    saved = np.clip(photo(1).astype(int) + 9, 0, 255).astype(np.uint8)
    frames = [image(photo(2), frame=0), image(saved, frame=1), image(photo(1), frame=2), image(photo(1), frame=7)]
    (found,) = look(banks, frames).matches
    assert (found.distance, found.place) == (0, Place(frame=2))
    assert found.places == (Place(frame=1), Place(frame=2), Place(frame=7))


@pytest.mark.parametrize("turn", Turn)
def test_turned_pictures_are_found_by_banks_that_ask_for_it(tmp_path: Path, turn: Turn) -> None:
    pixels = photo(1, 320, 320)
    turned = prints_of([image(pixels)], None, Wanted({Kind.PDQ}, turned=True)).pictures[0].turns[turn]
    banks = banked(tmp_path, [{"hash": turned.hex()}], head="turned = true")
    (found,) = look(banks, [image(pixels)]).matches
    assert (found.distance, found.turn) == (0, turn)
    plain = banked(tmp_path, [{"hash": turned.hex()}])
    assert bool(look(plain, [image(pixels)]).matches) is (turn is Turn.ORIGINAL)


def test_a_picture_with_nothing_on_it_is_told_and_not_compared(tmp_path: Path) -> None:
    white = np.full((200, 200, 3), 255, np.uint8)
    banks = banked(tmp_path, [{"hash": pdq(white).hex}, {"hash": pdq(photo(1)).hex}])
    found = look(banks, [image(white)])
    assert (found.matches, found.unsure) == ((), (WHOLE,))
    assert [gap.reason for gap in found.gaps] == [LOW_QUALITY]
    both = look(banks, [image(white, frame=0), image(photo(1), frame=1)])
    assert (len(both.matches), both.unsure, both.gaps) == (1, (Place(frame=0),), ())


def test_a_hash_that_its_bank_does_not_trust_is_left_out(tmp_path: Path) -> None:
    video = [f"{pdq(photo(1)).hex},49,0.0"]
    rows: list[dict[str, object]] = [
        {"hash": pdq(photo(1)).hex, "quality": 49},
        {"signal": "vpdq", "hash": json.dumps(video)},
        {"hash": pdq(photo(1)).hex, "opinion": "negative"},
        {"id": "taken", "hash": pdq(photo(1)).hex, "quality": 50},
    ]
    banks = banked(tmp_path, rows)
    assert [one.entry for one in look(banks, [image(photo(1))]).matches] == ["taken"]
    assert (banks.heads[0].count, banks.heads[0].left) == (1, {"low_quality": 2, "opinion": 1})


@pytest.mark.parametrize("kind", [Kind.MD5, Kind.SHA1, Kind.SHA256])
def test_a_known_file_is_found_byte_for_byte(tmp_path: Path, kind: Kind) -> None:
    digest = hashlib.new(kind, DATA).hexdigest()
    banks = banked(tmp_path, [{"id": "f", "signal": kind, "hash": digest}, {"signal": kind, "hash": "0" * len(digest)}])
    (found,) = look(banks, data=DATA).matches
    assert (found.entry, found.kind, found.distance, found.place, found.places) == ("f", kind, 0, WHOLE, ())
    assert look(banks, data=DATA + b"!") == Known()
    assert look(banks, [image(photo(1))], None) == Known()


def test_only_what_banks_hold_is_hashed(tmp_path: Path) -> None:
    banks = banked(tmp_path, [{"signal": "md5", "hash": "0" * 32}])
    prints = prints_of([image(photo(1))], DATA, banks.wanted(None, TODAY))
    assert prints == Prints((), {Kind.MD5: hashlib.md5(DATA).digest()})
    assert Banks([]).wanted("shop", TODAY) == Wanted(frozenset())
    assert Banks([]).look(Prints(), tenant=None, today=TODAY, is_video=True) == Known()


def test_a_tenants_bank_is_for_that_tenant_alone_and_until_it_expires(tmp_path: Path) -> None:
    hashes: list[dict[str, object]] = [
        {"hash": pdq(photo(1)).hex},
        {"signal": "md5", "hash": hashlib.md5(DATA).hexdigest()},
    ]
    write_bank(tmp_path, hashes, name="all")
    write_bank(tmp_path, hashes, name="shop", head='tenant = "shop"\nturned = true')
    write_bank(tmp_path, hashes, name="old", head="expires = 2026-11-19")
    write_bank(tmp_path, hashes, name="last-day", head="expires = 2026-11-20")
    banks = load_banks([tmp_path])
    seen = {
        tenant: sorted({one.bank for one in look(banks, [image(photo(1))], DATA, tenant=tenant).matches})
        for tenant in (None, "shop", "other")
    }
    assert seen == {None: ["all", "last-day"], "shop": ["all", "last-day", "shop"], "other": ["all", "last-day"]}
    assert banks.wanted("shop", TODAY).turned
    assert not banks.wanted("other", TODAY).turned


def test_a_bank_full_of_copies_gives_the_nearest(tmp_path: Path) -> None:
    own = pdq(photo(1))
    rows: list[dict[str, object]] = [
        {"id": str(place), "hash": changed(own.data, 1 + place % 30, place).hex()} for place in range(3 * MAX_MATCHES)
    ]
    found = look(banked(tmp_path, rows), [image(photo(1))])
    assert len(found.matches) == MAX_MATCHES
    assert not found.is_all
    assert [one.distance for one in found.matches] == sorted(1 + place % 30 for place in range(3 * MAX_MATCHES))[:100]


def test_copies_in_one_bank_hide_no_other_bank_and_no_other_category(tmp_path: Path) -> None:
    own = pdq(photo(1))
    copies: list[dict[str, object]] = [{"hash": changed(own.data, 1, place).hex()} for place in range(3 * MAX_MATCHES)]
    graver: dict[str, object] = {"id": "graver", "hash": changed(own.data, 20).hex(), "categories": ["violence"]}
    far: dict[str, object] = {"id": "far", "hash": changed(own.data, 25).hex()}
    write_bank(tmp_path, [*copies, graver, {**graver, "id": "again", "hash": changed(own.data, 21).hex()}], name="many")
    write_bank(tmp_path, [far], name="other", head="score = 0.5\n")
    found = look(load_banks([tmp_path]), [image(photo(1)), image(photo(2))])
    assert not found.is_all
    assert [(one.bank, one.entry) for one in found.matches[MAX_MATCHES:]] == [("many", "graver"), ("other", "far")]


def test_a_look_ends_where_it_is_told_to(tmp_path: Path) -> None:
    hashes: list[dict[str, object]] = [{"hash": pdq(photo(1)).hex}]
    video: dict[str, object] = {"signal": "vpdq", "hash": frames_written([Frame(pdq(photo(1)).data, 100, 0.0)])}
    banks = banked(tmp_path, [*hashes, video], head="turned = true")

    def asked(last: int) -> int:
        left = last

        def check() -> None:
            nonlocal left
            left -= 1
            if not left:
                raise TimeoutError

        look_up(banks, pictures([1, 2]), DATA, today=TODAY, is_video=True, check=check)
        return last - left

    everything = 2 + 2 * (1 + len(Turn)) + 2
    assert asked(1_000) == everything
    for last in range(1, everything + 1):
        with pytest.raises(TimeoutError):
            asked(last)


# ---- videos


def frames(seeds: Sequence[int], *, bits: int = 0) -> list[Frame]:
    return [Frame(changed(pdq(photo(seed)).data, bits, seed), 100, float(at)) for at, seed in enumerate(seeds)]


def pictures(seeds: Sequence[int]) -> list[Image]:
    return [image(photo(seed), frame=at, time_s=(float(at), float(at + 1))) for at, seed in enumerate(seeds)]


def video_bank(folder: Path, seeds: Sequence[int], head: str = "") -> Banks:
    return banked(folder, [{"id": "v", "signal": "vpdq", "hash": frames_written(frames(seeds, bits=8))}], head=head)


def test_a_cut_of_a_known_video_is_found(tmp_path: Path) -> None:
    banks = video_bank(tmp_path, range(10))
    assert not look(banks, pictures([3, 4, 5, 40]), is_video=True).matches, "three of four frames are under 80 percent"
    (found,) = look(banks, pictures([3, 4, 5, 6, 6, 40]), is_video=True).matches
    assert (found.kind, found.entry, found.shares, found.distance) == (Kind.VPDQ, "v", Shares(80.0, 40.0), 8)
    assert [place.frame for place in found.places] == [0, 1, 2, 3, 4]
    assert found.place == found.places[0]
    assert not look(banks, [image(photo(3))]).matches, "a picture is no video"


def test_an_animation_and_each_file_of_an_archive_is_a_video_of_its_own(tmp_path: Path) -> None:
    banks = video_bank(tmp_path, range(10))
    (alone,) = look(banks, pictures([3, 4, 5])).matches
    assert alone.shares == Shares(100.0, 30.0)
    other = [image(photo(seed), frame=seed, member="other.gif") for seed in (20, 21, 22)]
    cut = [image(photo(seed), frame=seed, member="cut.gif") for seed in (3, 4)]
    (found,) = look(banks, [*other, *cut]).matches
    assert (found.shares, {place.member for place in found.places}) == (Shares(100.0, 20.0), {"cut.gif"})
    assert not look(banks, [*other, *cut], is_video=False).matches[1:]


def test_a_known_video_within_a_longer_one_is_found(tmp_path: Path) -> None:
    banks = video_bank(tmp_path, range(4), "video = { of_query = 0, of_bank = 75 }")
    (found,) = look(banks, pictures([20, 21, 0, 1, 3, 22, 23]), is_video=True).matches
    assert found.shares is not None
    assert found.shares.of_bank == 75.0
    assert not look(banks, pictures([20, 21, 0, 1, 22, 23]), is_video=True).matches


def test_known_videos_are_told_apart(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [
        {"id": str(start), "signal": "vpdq", "hash": frames_written(frames(range(start, start + 5)))}
        for start in (0, 4, 10)
    ]
    write_bank(tmp_path, rows, name="a")
    write_bank(tmp_path, [*rows[:1], {"hash": pdq(photo(2)).hex}], name="b", head='tenant = "shop"')
    banks = load_banks([tmp_path])
    assert [one.entry for one in look(banks, pictures([1, 2, 3]), is_video=True).matches] == ["0"]
    assert [one.entry for one in look(banks, pictures([4]), is_video=True).matches] == ["0", "4"]
    own = look(banks, pictures([1, 2, 3]), tenant="shop", is_video=True).matches
    assert [(one.bank, one.entry, one.kind) for one in own] == [
        ("a", "0", Kind.VPDQ),
        ("b", "0", Kind.VPDQ),
        ("b", pdq(photo(2)).hex, Kind.PDQ),
    ]


def test_frames_hashed_elsewhere_are_looked_up_too(tmp_path: Path) -> None:
    """A full pass over a video gives hashes, and no pixels that could be kept."""
    banks = video_bank(tmp_path, range(5))
    hashed = [Print(Place(frame=at), 100, {Turn.ORIGINAL: one.data}) for at, one in enumerate(frames(range(5)))]
    (found,) = banks.look(Prints(tuple(hashed)), tenant=None, today=TODAY, is_video=True).matches
    assert found.shares == Shares(100.0, 100.0)


def test_shares_are_those_that_vpdq_counts() -> None:
    """Equal frames once, frames without quality not at all, and a match is within the threshold, that included."""
    own = pdq(photo(1)).data
    query = [Frame(own, 100, 0.0), Frame(own, 100, 1.0), Frame(pdq(photo(2)).data, 100, 2.0), Frame(own[::-1], 10, 3.0)]
    known = [Frame(changed(own, 31), 100, 0.0), *frames([5, 6, 7])]
    assert compare(query, known, threshold=31) == Shares(50.0, 25.0)
    assert compare(query, known, threshold=30) == Shares(0.0, 0.0)
    assert compare([], known, threshold=31) == compare(query, query[3:], threshold=31) == Shares(0.0, 0.0)


def test_frames_that_are_alike_count_once(tmp_path: Path) -> None:
    """Of the known video equal ones, and of both those that several of the other are near to."""
    one, other = pdq(photo(1)).data, pdq(photo(2)).data
    known = [Frame(one, 100, 0.0), Frame(one, 100, 1.0), Frame(other, 100, 2.0)]
    banks = banked(tmp_path, [{"signal": "vpdq", "hash": frames_written(known)}])
    near = [Print(Place(frame=at), 100, {Turn.ORIGINAL: changed(one, 3, at)}) for at in range(4)]
    (found,) = banks.look(Prints(tuple(near)), tenant=None, today=TODAY, is_video=True).matches
    assert found.shares == Shares(100.0, 50.0)


def test_a_banks_threshold_is_for_its_videos_too(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [{"signal": "vpdq", "hash": frames_written(frames(range(3), bits=12))}]
    write_bank(tmp_path, rows, name="strict", head="threshold = 11")
    write_bank(tmp_path, rows, name="plain")
    found = look(load_banks([tmp_path]), pictures(range(3)), is_video=True).matches
    assert [one.bank for one in found] == ["plain"]
