"""Passwords without a digit, in code and in sentences; and what speaks of passwords and gives none."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from personal.password_texts import FORMS, HARMLESS, VALUES, filled, found_of
from support.given_away import GivenAwayContract

from moderation.personal.find import find, held_back, redact
from moderation.personal.made_up import is_made_up, sounds_like_a_word

LEAST_OF_50 = 46
MADE_UP = "qwmzplkrta"


class TestPasswords(GivenAwayContract):
    found = (
        *((filled(form, MADE_UP)[0], "api_key" if form.startswith("JWT") else "password", MADE_UP) for form in FORMS),
        ("SECRET_KEY=qZ7mWp4KxT9vLr", "api_key", "qZ7mWp4KxT9vLr"),
        ("SECRET_KEY=qZ7mWp4KxT9vLr!b#w", "password", "qZ7mWp4KxT9vLr!b#w"),
        ("client_secret: qzmwplkxtavlrb", "api_key", "qzmwplkxtavlrb"),
        ('password = "qw,z;pl(k)r"', "password", "qw,z;pl(k)r"),
        ('\\"password\\": \\"qwmzplkrta\\"', "password", MADE_UP),
        ('os.getenv("DB_PASSWORD", "qwmzplkrta")', "password", MADE_UP),
        ("My password is qwmzplkrta.", "password", MADE_UP),
        ("(the password is qwmzplkrta)", "password", MADE_UP),
        ("mysql -u root -pqwmzplkrta", "password", MADE_UP),
        ("login --password=qwmzplkrta", "password", MADE_UP),
        ("login --password='qwmz7plkrTa'", "password", "qwmz7plkrTa"),
        ("requirepass qwmzplkrta", "password", MADE_UP),
        ("the password\u2019s qwmzplkrta, ok", "password", MADE_UP),
        ("redis://:S3cretPassw0rd@cache:6379/0", "password", "S3cretPassw0rd"),
        ("amqp://:kjhqwrtz@mq/", "password", "kjhqwrtz"),
        ("unzip -P qwmzplkrta a.zip", "password", MADE_UP),
        ("USER: bob PASS: hunter22", "password", "hunter22"),
        ("DB_PASS: hunter22", "password", "hunter22"),
        ("user bob\npass: blue-horse-42", "password", "blue-horse-42"),
        ("PASS: qW8zkLp2", "password", "qW8zkLp2"),
        ("set the password to qwmzplkrta", "password", MADE_UP),
        ("the password goes to qW8zkLp2", "password", "qW8zkLp2"),
        ("I changed my password to dragonfly77", "password", "dragonfly77"),
        ("I set my wifi password to sunshine12 yesterday", "password", "sunshine12"),
        ("the passcode for the door is 48213", "password", "48213"),
        ("the passcode for the lobby is 7781 until Friday", "password", "7781"),
        ("The password for the wifi is 83726154, ok", "password", "83726154"),
        ("user bob pass: 4days9", "password", "4days9"),
        ("Password: 8-20abc!", "password", "8-20abc!"),
        ("password is 8-20Xq7", "password", "8-20Xq7"),
        ("密码：8-20abc!", "password", "8-20abc!"),
        ("密码：8-20chars#1", "password", "8-20chars#1"),
        ("密码是6-20aB9位朋友", "password", "6-20aB9"),
        ("Password: 8digits9x", "password", "8digits9x"),
        ("Password: 8-20w characters", "password", "8-20w"),
        ("secret=10minutes", "password", "10minutes"),
        ("密\u200b码是ｑｗｍｚｐｌｋｒｔａ哦", "password", "ｑｗｍｚｐｌｋｒｔａ"),
    )
    none = (
        *HARMLESS,
        "PASS: test-login\nFAIL: test-user\nPASS: test2\nXFAIL: user-3",
        "PASS: a/user-1\nPASS: a/qW8zkLp2.c",
    )


@pytest.mark.parametrize("form", FORMS)
def test_made_up_values_are_found_where_they_stand(form: str) -> None:
    too_few = {name: count for name in VALUES if (count := found_of(form, name)) < LEAST_OF_50}
    assert not too_few


def test_the_look_alikes_are_many_and_in_both_languages() -> None:
    chinese = [line for line in HARMLESS if any(character >= "\u4e00" for character in line)]
    assert len(chinese) >= 50
    assert len(HARMLESS) - len(chinese) >= 100


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(FORMS), st.text("abcdefghijklmnopqrstuvwxyzABCXYZ019!#%&*+<>=?@^|~-_.", min_size=4, max_size=40))
def test_what_is_found_is_held_and_redacted_whole(form: str, value: str) -> None:
    text, _ = filled(form, value)
    found = find(text)
    for one in found:
        start, end = one.span
        for cut in range(start + 1, end + 1, 3):
            assert held_back(text[:cut]) <= start, text[:cut]
        assert text[start:end] not in redact(text, found) or text.count(text[start:end]) > 1


@pytest.mark.parametrize(
    "word", ["erforderlich", "obligatoire", "contrasena", "requerido", "sbagliata", "vergessen", "strPassword", "dbPwd"]
)
def test_words_of_other_languages_and_names_in_code_are_not_made_up(word: str) -> None:
    assert not is_made_up(word)


@pytest.mark.parametrize("value", [MADE_UP, "xkcdvbqt", "qWmZplKrTa", "qw!mz#plk", "QWMZPLKRTA"])
def test_letters_without_a_word_are_made_up(value: str) -> None:
    assert is_made_up(value)
    assert not sounds_like_a_word(MADE_UP)
