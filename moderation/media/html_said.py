"""What the attributes of a page say: texts for pictures, links, fields, nested files. Decoder process only."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from moderation.media.decoded import FoundText, Place, Unread
from moderation.media.html_data import DATA, WITHIN, file_of, is_script
from moderation.media.html_looks import Look
from moderation.media.html_tree import Element
from moderation.media.readers import Embedded, Find

_ALTERNATIVES = ("alt", "title", "aria-label", "aria-description", "aria-valuetext", "summary", "abbr", "standby")
_LABELS = ("placeholder", "label")
_VALUES = frozenset({"input", "button", "option", "param", "data"})
_UNSAID_TYPES = frozenset({"checkbox", "radio", "image", "file", "range", "color", "password"})
_LINKS = (("a", "href"), ("area", "href"), ("form", "action"), ("button", "formaction"), ("input", "formaction"))
_LOADED = {
    "img": ("src", "srcset", "lowsrc"), "source": ("src", "srcset"), "video": ("src", "poster"), "audio": ("src",),
    "embed": ("src",), "object": ("data",), "iframe": ("src",), "frame": ("src",), "image": ("href", "xlink:href"),
    "input": ("src",), "picture": ("src",), "track": ("src",), "body": ("background",), "table": ("background",),
    "td": ("background",),
}  # fmt: skip
_ELSEWHERE = re.compile(r"\s*(?:https?:)?//[^\s/]", re.IGNORECASE)
_TECHNICAL = frozenset({"viewport", "theme-color", "color-scheme", "format-detection", "generator", "robots"})
_TECHNICAL_HTTP = frozenset({"content-type", "x-ua-compatible", "content-security-policy", "content-style-type"})
_MOST_LINK_CHARS = 2_000
_MOST_EVENT_ATTRIBUTE = re.compile(r"on[a-z]{3,}")


@dataclass(slots=True)
class Said:
    """What was gathered so far, each text once.

    Attributes:
        gaps: code of what is not read -> line where it is first.
    """

    texts: dict[tuple[str, ...], dict[str, None]] = field(default_factory=dict)
    files: list[Embedded] = field(default_factory=list)
    gaps: dict[str, int] = field(default_factory=dict)

    def add(self, text: str, *origin: str) -> None:
        if text.strip():
            self.texts.setdefault(origin, {})[text.strip()] = None

    def data(self, address: str, line: int, *, is_style: bool = False) -> None:
        """Adds a `data:` address as a file."""
        name = f"line-{line}/data-{len(self.files) + 1}"
        found = file_of(address, name, is_style=is_style)
        if found is not None:
            self.files.append(found)

    def style(self, css: str, line: int) -> None:
        """Adds the pictures in a style sheet."""
        for found in WITHIN.finditer(css):
            self.data(found[0], line, is_style=True)
        if re.search(r"(?:url\(|@import)\s*[\"']?\s*(?:https?:)?//", css, re.IGNORECASE):
            self.gaps.setdefault("linked_content_unread", line)

    def found(self) -> Iterator[Find]:
        for origin, texts in self.texts.items():
            yield FoundText("\n".join(texts), origin)
        for reason, line in self.gaps.items():
            yield Unread(reason, Place(member=f"line-{line}"))
        yield from self.files


def note_attributes(element: Element, look: Look, said: Said) -> None:
    """Notes what the attributes of an element say."""
    attributes, name, line = element.attributes, element.name, element.line
    for key, value in attributes.items():
        if DATA.match(value):
            if name == "script" or is_script(value):
                said.gaps.setdefault("scripts_unread", line)
            else:
                said.data(value, line)
        elif key.endswith("srcset") and "data:" in value.lower():
            said.style(value, line)
        elif is_script(value) or _MOST_EVENT_ATTRIBUTE.fullmatch(key):
            said.gaps.setdefault("scripts_unread", line)
    if "data:" in attributes.get("style", "") or "//" in attributes.get("style", ""):
        said.style(attributes["style"], line)
    for key in _ALTERNATIVES:
        said.add(attributes.get(key, ""), "document", "alternative_text")
    _note_field(element, look, said)
    _note_links(element, said)
    if name == "meta":
        _note_meta(attributes, said)
    if name == "iframe" and attributes.get("srcdoc"):
        content = b"\xef\xbb\xbf<!doctype html>" + attributes["srcdoc"].encode("utf-8", "replace")
        said.files.append(Embedded.of(f"line-{line}/frame-{len(said.files) + 1}.html", content))


def _note_field(element: Element, look: Look, said: Said) -> None:
    """What a field of a form shows, or carries along unseen."""
    attributes = element.attributes
    kind = attributes.get("type", "").strip().lower()
    is_hidden = look.is_hidden or kind == "hidden" or element.name in {"param", "data", "option"}
    origin = ("document", "form_field", "hidden_text") if is_hidden else ("document", "form_field")
    if element.name in _VALUES and kind not in _UNSAID_TYPES:
        said.add(attributes.get("value", ""), *origin)
    for key in _LABELS:
        said.add(attributes.get(key, ""), *origin)


def _note_links(element: Element, said: Said) -> None:
    attributes, name = element.attributes, element.name
    for owner, key in _LINKS:
        value = attributes.get(key, "")
        if name == owner and value and not value.startswith("#") and not DATA.match(value):
            said.add(value[:_MOST_LINK_CHARS], "document", "link")
    if name == "a":
        value = attributes.get("xlink:href", "")
        said.add("" if DATA.match(value) else value[:_MOST_LINK_CHARS], "document", "link")
    values = [attributes.get(key, "") for key in _LOADED.get(name, ())]
    if name == "link" and "stylesheet" in attributes.get("rel", "").lower():
        values.append(attributes.get("href", ""))
    if any(_ELSEWHERE.match(value) for value in values):
        said.gaps.setdefault("linked_content_unread", element.line)
    if name == "script" and attributes.get("src"):
        said.gaps.setdefault("scripts_unread", element.line)


def _note_meta(attributes: dict[str, str], said: Said) -> None:
    kind = (attributes.get("name") or attributes.get("property") or attributes.get("itemprop") or "").strip().lower()
    if kind in _TECHNICAL or attributes.get("http-equiv", "").strip().lower() in _TECHNICAL_HTTP:
        return
    said.add(attributes.get("content", ""), "metadata", "html_meta")
