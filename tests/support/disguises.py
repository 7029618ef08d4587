"""Phrases in disguise, made without the code that takes disguises off."""

from __future__ import annotations

import base64
import codecs
from collections.abc import Callable, Mapping
from urllib.parse import quote

from opencc import OpenCC

_MORSE_CODES = (
    ".- -... -.-. -.. . ..-. --. .... .. .--- -.- .-.. -- -. --- .--. --.- .-. ... - ..- ...- .-- -..- -.-- --.."
)
_TRADITIONAL = OpenCC("s2t")
_MORSE = dict(zip("abcdefghijklmnopqrstuvwxyz", _MORSE_CODES.split(), strict=True))


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def url_safe(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def hexadecimal(text: str) -> str:
    return text.encode().hex()


def percent(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode()) if text.isascii() else quote(text)


def entities(text: str) -> str:
    return "".join(f"&#x{ord(character):x};" for character in text)


def escapes(text: str) -> str:
    return "".join(f"\\u{ord(character):04x}" for character in text)


def octal(text: str) -> str:
    return "".join(f"\\{byte:03o}" for byte in text.encode())


def binary(text: str) -> str:
    return " ".join(f"{byte:08b}" for byte in text.encode())


def decimal(text: str) -> str:
    return " ".join(str(byte) for byte in text.encode())


def prefixed(text: str) -> str:
    return " ".join(f"0x{byte:02x}" for byte in text.encode())


def dashed(text: str) -> str:
    return "-".join(f"{byte:02x}" for byte in text.encode())


def old_escapes(text: str) -> str:
    return "".join(f"%u{ord(character):04x}" for character in text)


def grouped(text: str) -> str:
    run = encoded(text)
    return " ".join(run[at : at + 4] for at in range(0, len(run), 4))


def in_lines(text: str) -> str:
    run = encoded(text)
    return "\n".join(filter(None, (run[:9], run[9:22], run[22:])))


def quoted(text: str) -> str:
    run = encoded(text)
    return '" + "'.join(filter(None, (run[:10], run[10:21], run[21:])))


def wide_encoded(text: str) -> str:
    return base64.b64encode(text.encode("utf-16-le")).decode()


def rot13(text: str) -> str:
    return codecs.encode(text, "rot13")


def backwards(text: str) -> str:
    return text[::-1]


def overridden(text: str) -> str:
    return f"\u202e{text[::-1]}\u202c"


def morse(text: str) -> str:
    return " / ".join(" ".join(_MORSE[letter] for letter in word) for word in text.split())


def zero_width(text: str) -> str:
    return "\u200b".join(text)


def tags(text: str) -> str:
    return "".join(chr(0xE0000 + ord(character)) for character in text)


def selectors(text: str) -> str:
    return "".join(chr(0xFE00 + byte) if byte < 16 else chr(0xE0100 + byte - 16) for byte in text.encode())


def bits(text: str) -> str:
    return "".join("\u200c" if bit == "1" else "\u200b" for byte in text.encode() for bit in f"{byte:08b}")


def bold(text: str) -> str:
    return "".join(chr(0x1D41A + ord(letter) - 97) if letter.islower() else letter for letter in text)


def wide(text: str) -> str:
    return "".join(chr(ord(letter) + 0xFEE0) if letter.isalpha() else letter for letter in text)


def cyrillic(text: str) -> str:
    return text.translate(str.maketrans("aceopxy", "асеорху"))


def leet(text: str) -> str:
    return text.translate(str.maketrans("eo", "30"))


def spaced(text: str) -> str:
    return "   ".join(" ".join(word) for word in text.split())


def dotted(text: str) -> str:
    return " ".join(".".join(word) for word in text.split())


def drawn_out(text: str) -> str:
    return "".join(letter * 4 if letter in "aeo" else letter for letter in text)


def struck(text: str) -> str:
    return "".join(letter + "\u0336" if letter.isalpha() else letter for letter in text)


def flooded(text: str) -> str:
    return "".join(letter + "\u0316\u0301\u0323\u033e" if letter.isalpha() else letter for letter in text)


def starred(text: str) -> str:
    return "*".join(text)


def traditional(text: str) -> str:
    return str(_TRADITIONAL.convert(text))


def selected(text: str) -> str:
    return "".join(letter + "\U000e0100" for letter in text)


def parted(text: str) -> str:
    return "\u2060".join(text)


def full_width(text: str) -> str:
    return "".join(chr(ord(sign) + 0xFEE0) if "!" <= sign <= "~" else sign for sign in text)


# What stands in the carrier is only the phrase in disguise; every view must point to all of it.
ENGLISH: Mapping[str, Callable[[str], str]] = {
    "base64": encoded, "base64url": url_safe, "hex": hexadecimal, "percent": percent, "entities": entities,
    "escapes": escapes, "rot13": rot13, "backwards": backwards, "overridden": overridden, "morse": morse,
    "zero_width": zero_width, "tags": tags, "selectors": selectors, "bits": bits, "bold": bold, "wide": wide,
    "cyrillic": cyrillic, "leet": leet, "spaced": spaced, "dotted": dotted, "drawn_out": drawn_out, "struck": struck,
    "flooded": flooded, "octal": octal, "binary": binary, "decimal": decimal, "prefixed": prefixed, "dashed": dashed,
    "old_escapes": old_escapes, "grouped": grouped, "in_lines": in_lines, "quoted": quoted, "wide_base64": wide_encoded,
    "parted": parted, "full_width": full_width,
}  # fmt: skip
CHINESE: Mapping[str, Callable[[str], str]] = {
    "base64": encoded, "base64url": url_safe, "hex": hexadecimal, "percent": percent, "entities": entities,
    "escapes": escapes, "backwards": backwards, "overridden": overridden, "zero_width": zero_width,
    "selectors": selectors, "bits": bits, "starred": starred, "octal": octal, "binary": binary, "prefixed": prefixed,
    "dashed": dashed, "old_escapes": old_escapes, "grouped": grouped, "in_lines": in_lines, "quoted": quoted,
    "wide_base64": wide_encoded, "traditional": traditional, "selected": selected, "parted": parted,
}  # fmt: skip

# Words whose disguise hangs on what stands beside them, each with a text that it stands in.
IN_CHINESE: Mapping[str, tuple[tuple[str, str, str], ...]] = {
    "pinyin": (("我们去{}玩", "学校", "xuexiao"), ("我们去{}玩", "学校", "xue xiao"), ("他在{}数学", "学习", "xue xi"),
               ("我在{}看书", "图书馆", "tushuguan")),
    "initials": (("加{}聊聊", "微信", "vx"), ("加我{}聊", "微信", "wx"), ("你就是{}吧", "傻逼", "sb"),
                 ("用{}付钱", "支付宝", "zfb"), ("真是{}烦人", "他妈的", "tmd")),
    "homophone": (("{}", "加我微信", "加我威信"), ("他{}了", "想自杀", "想自鲨"), ("{}", "微信聊", "威信聊")),
    "homophones": (("{}", "明天我们去图书馆看书", "明恬我门去图叔馆堪书"), ("我想去{}借书", "图书馆", "图苏馆")),
    "split_characters": (("他想买{}。", "枪", "木仓"), ("这是{}盗。", "强", "弓虽")),
    "emoji": (("晚上{}吧", "喝茶", "喝🍵"), ("草原上{}真好", "骑马", "骑🐴")),
    "radicals": (("这个{}很好", "女子", "⼥⼦"),),
    "starred": (("{}，聊", "加微信", "加/微/信"), ("我们去{}吧", "喝茶", "喝*茶"),
                ("原文：{}。", "我要杀你", "我-要-杀-你")),
}  # fmt: skip
