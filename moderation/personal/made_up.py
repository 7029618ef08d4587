"""Whether what is given as a password or a key was made up, or is a word, a name in code or a stand-in.

A value is judged by its runs of letters: how much of them stands in English words and in the short names that code
uses, or at least sounds like a word: most of its three letters in a row are usual in words, which holds for German,
French or Spanish ones, too. Words and names are those of `moderation.normalise.english`. What it does not know:
passwords that are words; they are taken for words. Of ten random small letters one in thirty sounds like a word.
"""

from __future__ import annotations

import functools
import re
from collections import Counter

PLACEHOLDER = re.compile(
    r"x{4}|\*{3}|\.{3}|…|your|example|changeme|change_me|placeholder|redacted|^<|>$|</|\$\{|\{\{|%s|todo|dummy|sample|0{8}"
    r"|1234567890abcdef",
    re.IGNORECASE,
)
_NOT_A_VALUE = re.compile(
    r"(?:none|null|nil|true|false|undefined|required|optional|string|str|int|bool|env|self|this|process|os|config|settings"
    r"|request|req|input|args|getenv|https?|get|set|user|data|form|body|params|ctx)(?![0-9A-Za-z])",
    re.IGNORECASE,
)
# a call, a place in a table, an attribute; a variable of a shell, of Windows; an address, a path
_CODE = re.compile(r"[A-Za-z_][0-9A-Za-z_]*[(\[{]|[A-Za-z]\.[A-Za-z]|^[(\[{]")
_VARIABLE = re.compile(r"[$%!&@][A-Z_]{2,40}%?|\$\(.*|[a-z]{2,9}://.*|~?/[a-z]{2}.*")
_TAG = re.compile("[$%!&@][A-Za-z_]+")
_NAME = re.compile("pass|pwd|pswd|secret|token|word", re.IGNORECASE)
_RUN = re.compile("[A-Za-z]+")
_AMONG = re.compile("[^A-Za-z._/:'-]")  # no sign of `Wi-Fi`
_HUMP = re.compile("[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
# Short names in code and on its command lines, names of what is done with passwords, and `password` in other
# languages: no words of the lists, or only by chance.
_SHORT = frozenset(
    """
    aes api arg argon args arn arr ascii attr attrs auth aws bcrypt bos btn buf by cb cd cfg char chk ci cli cls
    cmd conf cred creds crypt csr ctx db dev dst ec edt env eos expr fn frm ftp func gcp gdpr gid gpg gui guid
    hdr hex hmac hsm html htpasswd http https id idx if imap imdsv in init io ip is json jwt kee keepass kms
    kwargs lbl ldap len md mfa msg my mysql nginx nist no not ntlm num nvarchar oauth obj of ok on or os otp
    owasp param params pass passwd pbkdf pem pgp pgsql pin pkcs plaintext prod psd psql psw pswd ptr pw pwd qa
    rds redis ref regex regexp req res rfc rnd rsa saml sas scram scrypt sdk sftp sha smtp sql src srv ssh ssid
    ssl sso stdin stdout stg str svc sys tls tmp to totp tpm txt uat ui uid uri url usr utf uuid val var varchar
    vm vpn webhook webhooks wep wifi wlan wpa xml yaml yml
    chmod chown gcloud grep initdb jq keygen keytool kubeadm kubectl kubelet mkdir mysqldump npm npx pnpm psql rsync
    sshd sudo systemctl wget xargs
    adgangskode fjalekalimi geslo haslo heslo jelszo kennwort kodeord losenord lozinka nenosiri parool pasahitza passord
    salasana senha sifre slaptazodis wachtwoord wagwoord zaporka
    """.split()  # noqa: SIM905 - words, read more easily so
)
_USUAL = 20  # words that three letters in a row must stand in
_SOUND = 0.6
_LEAST_LETTERS = 6
_STRANGE_SHARE = 0.5


def is_value(value: str) -> bool:
    """Whether it may be a real value, rather than code or a stand-in for one."""
    return not (
        PLACEHOLDER.search(value)
        or _NOT_A_VALUE.match(value)
        or _VARIABLE.fullmatch(value)
        or len(set(value)) < 4
        or ((_CODE.search(value) or _TAG.fullmatch(value)) and not is_made_up(value))
    )


def is_made_up(value: str) -> bool:
    """Whether its letters, six or more, are for the most part no words, nor sound like any."""
    letters = worded = 0
    for run in _RUN.findall(value):
        letters += len(run)
        is_name = run.lower() in _SHORT or run.lower() in _known() or _NAME.search(run)
        worded += len(run) if is_name else sum(map(len, filter(_is_worded, _HUMP.findall(run))))
    return letters >= _LEAST_LETTERS and worded < _STRANGE_SHARE * letters


def is_random(value: str) -> bool:
    """As `is_made_up`; of few letters it is enough that none is in a word, if digits or signs stand among them."""
    runs = _RUN.findall(value)
    if sum(map(len, runs)) >= _LEAST_LETTERS:
        return is_made_up(value)
    if not _AMONG.search(value):
        return False
    mixed = len(runs) >= 2 or (runs and value[0] not in runs[0] and value[-1] not in runs[-1])
    return bool(mixed) and not any(_is_worded(run.lower()) for run in runs)


def _is_worded(run: str) -> bool:
    run = run.lower()
    if run in _SHORT:
        return True
    if len(run) < 3:
        return False
    return run in _known() or (len(run) > 3 and sounds_like_a_word(run))


def sounds_like_a_word(run: str) -> bool:
    """Whether most of its three letters in a row, its beginning and end among them, are usual in words."""
    usual, marked = _usual_threes(), f"^{run}$"
    threes = [marked[at : at + 3] for at in range(len(marked) - 2)]
    return sum(three in usual for three in threes) >= _SOUND * len(threes)


@functools.cache
def _known() -> frozenset[str]:
    from moderation.normalise.english import known  # noqa: PLC0415 - its package loads far more than most texts need

    return known()


@functools.cache
def _usual_threes() -> frozenset[str]:
    text = "".join(f"^{word}$" for word in _known())
    counts = Counter(zip(text, text[1:], text[2:], strict=False))
    return frozenset("".join(three) for three, count in counts.items() if count >= _USUAL)
