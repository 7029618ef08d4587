"""The JSON form: what is written can be read, and what is wrong is named."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.errors import InvalidRequestError, ModerationError, OverloadedError, TooLargeError
from moderation.schema import (
    Content,
    Decision,
    Evidence,
    Finding,
    KnownEvidence,
    Modality,
    ModerationResult,
    Part,
    PolicyReference,
    Role,
    Turn,
)
from moderation.wire import (
    clean,
    dump_error,
    dump_request,
    dump_result,
    load_error,
    load_result,
    parse_json,
    parse_request,
)

ROLES = st.none() | st.sampled_from(Role)
WORDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
TEXTS = st.builds(Part.from_text, WORDS, role=ROLES)
MEDIA = st.builds(
    Part.from_bytes, st.sampled_from([m for m in Modality if m is not Modality.TEXT]), st.binary(min_size=1), role=ROLES
)
PARTS = st.lists(TEXTS | MEDIA, min_size=1, max_size=4).map(tuple)
CONTENTS = st.builds(
    Content,
    PARTS,
    role=st.sampled_from(Role),
    conversation=st.lists(st.builds(Turn, st.sampled_from(Role), PARTS), max_size=2).map(tuple),
    conversation_id=st.none() | st.just("") | WORDS,
    policy=st.none() | st.just("") | WORDS,
    derived=st.booleans(),
    provenance=st.booleans(),
)


@given(CONTENTS)
def test_what_is_written_is_read_back(content: Content) -> None:
    assert parse_request(parse_json(json.dumps(dump_request(content)).encode())) == content


def test_a_plain_string_is_one_text_part() -> None:
    assert parse_request({"input": "hi"}) == Content((Part.from_text("hi"),))


@pytest.mark.parametrize(
    ("body", "code", "param"),
    [
        ({}, "missing_field", "input"),
        ([], "invalid_type", None),
        ("hi", "invalid_type", None),
        ({"input": 3}, "invalid_type", "input"),
        ({"input": [3]}, "invalid_type", "input[0]"),
        ({"input": "a", "rool": "user"}, "unknown_field", "rool"),
        ({"input": "a", "role": "boss"}, "invalid_value", "role"),
        ({"input": "a", "derived": "yes"}, "invalid_type", "derived"),
        ({"input": [{"type": "text", "text": "a", "x": 1}]}, "unknown_field", "input[0].x"),
        ({"input": [{"type": "smell", "text": "a"}]}, "invalid_value", "input[0].type"),
        ({"input": [{"type": "text"}]}, "invalid_part", "input[0]"),
        ({"input": [{"type": "text", "data": "aGk="}]}, "invalid_part", "input[0]"),
        ({"input": [{"type": "image", "data": "aGk=", "url": "http://a"}]}, "invalid_part", "input[0]"),
        ({"input": [{"type": "image", "data": "a*b"}]}, "invalid_base64", "input[0].data"),
        ({"input": [{"type": "image", "data": "é"}]}, "invalid_base64", "input[0].data"),
        ({"input": [{"type": "image", "file": "a"}]}, "missing_file", "input[0].file"),
        ({"input": "a", "conversation": [{"input": "b"}]}, "missing_field", "conversation[0].role"),
        (
            {"input": "a", "conversation": [{"role": "user", "input": [{"type": "text", "text": 1}]}]},
            "invalid_type",
            "conversation[0].input[0].text",
        ),
        ({"input": "a", "x\ud800": 1}, "unknown_field", "x?"),
    ],
)
def test_what_is_wrong_is_named(body: object, code: str, param: str | None) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        parse_request(body)
    assert caught.value.code == code
    if param is not None:
        assert caught.value.param == param
    json.dumps(dump_error(caught.value), ensure_ascii=False).encode()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "invalid_json"),
        (b"{", "invalid_json"),
        (b'{"a": NaN}', "invalid_json"),
        (b'{"a": -Infinity}', "invalid_json"),
        (b'{"a": 1' + b"0" * 5000 + b"}", "invalid_json"),
        (b"[" * 200_000, "invalid_json"),
        (b'{"a": 1, "b": 2, "a": 3}', "invalid_json"),
        (b'{"a": "\xff"}', "invalid_encoding"),
        ("{}".encode("utf-16"), "invalid_encoding"),
        (b'{"a": "\xed\xa0\x80"}', "invalid_encoding"),
    ],
)
def test_a_body_that_is_no_json_is_refused(body: bytes, code: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        parse_json(body)
    assert caught.value.code == code


@pytest.mark.parametrize("value", [1, None, True, {"type": "text"}])
@pytest.mark.parametrize("place", ["input", "conversation[0].input"])
def test_what_an_input_may_be_is_said(value: object, place: str) -> None:
    turn = {"role": "user", "input": value}
    with pytest.raises(InvalidRequestError) as caught:
        parse_request({"input": value} if place == "input" else {"input": "a", "conversation": [turn]})
    assert (caught.value.code, caught.value.param) == ("invalid_type", place)
    assert caught.value.message == "must be a text, or a list of parts"


def test_a_number_of_too_many_digits_is_no_advice_about_python() -> None:
    with pytest.raises(InvalidRequestError) as caught:
        parse_json(b'{"input": 1' + b"0" * 10_000 + b"}")
    assert caught.value.message == "the body is not JSON that can be read: a number has too many digits"
    for body, words in ((b'{"a": NaN}', "NaN"), (b'{"a": 1, "a": 2}', "a key is given twice"), (b"{", "line 1")):
        with pytest.raises(InvalidRequestError, match=words):
            parse_json(body)


@given(st.text(max_size=300))
def test_what_is_echoed_can_be_encoded_and_shown(text: str) -> None:
    shown = clean(text)
    shown.encode()
    assert len(shown) <= 201
    assert all(character.isprintable() for character in shown)


@pytest.mark.parametrize(
    "error",
    [
        InvalidRequestError("m", code="c", param="p"),
        TooLargeError("m", code="c"),
        OverloadedError("m", retry_after_s=3),
        ModerationError("m", code="c"),
    ],
)
def test_an_error_survives_the_wire(error: ModerationError) -> None:
    loaded = load_error(json.loads(json.dumps(dump_error(error))), retry_after_s=3)
    assert type(loaded) is type(error)
    assert (loaded.code, loaded.message, loaded.param) == (error.code, error.message, error.param)


@pytest.mark.parametrize("value", [None, [], {}, {"error": 3}, {"results": []}])
def test_an_answer_that_is_no_error_object_is_said_to_be_one(value: object) -> None:
    assert load_error(value).code == "invalid_response"


def test_a_modality_may_be_given_by_its_name() -> None:
    assert Part.from_bytes(Modality("audio"), b"x") == Part.from_bytes("audio", b"x")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="smell"):
        Part.from_bytes("smell", b"x")  # type: ignore[arg-type]


def test_which_known_content_it_is_comes_through() -> None:
    known = KnownEvidence("nightly", "one", "vpdq", distance=3, places=2, of_query=100.0, of_bank=50.0)
    finding = Finding("known_content", 1.0, "bank:nightly", "0" * 12, "input[0]", (), Evidence(frame=4, known=known))
    scores = {"known_content": 1.0}
    result = ModerationResult(
        "mod_0",
        Decision.BLOCK,
        True,
        {"known_content": True},
        scores,
        (finding,),
        (),
        (),
        PolicyReference("a", "b"),
        (),
    )
    written = json.loads(dump_result(result))
    assert written["findings"][0]["evidence"] == {
        "frame": 4,
        "known": {
            "bank": "nightly",
            "entry": "one",
            "kind": "vpdq",
            "distance": 3,
            "places": 2,
            "of_query": 100.0,
            "of_bank": 50.0,
        },
    }
    assert load_result(written) == result
