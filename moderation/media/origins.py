"""The words that say how a text was found in a medium by reading it. Pure.

They stand in the `origin` of findings and derived parts, and a list may name them in its scope.
"""

from __future__ import annotations

from collections.abc import Iterable

WORDS = frozenset(
    {
        "document",  # what a document says to whoever opens it
        "subtitle",  # a subtitle track, or lyrics with times
        "metadata",  # what a file says of itself; the next word says in which form
        "exif",
        "xmp",
        "iptc",
        "id3",
        "png_text",
        "pdf_info",
        "document_properties",  # of an Office document
        "html_meta",
        "container_tags",
        "file_name",
        "file_comment",
        "hidden_text",  # laid out so that nobody sees it: white on white, tiny, off the page, `display:none`
        "text_layer",  # unseen, over a scan, where a scan's words are: what a program read there
        "comment",
        "speaker_note",
        "tracked_change",
        "outline",  # bookmarks
        "script",  # of a program in a document
        "formula",  # how a text is reckoned: formulas of cells, codes of fields
        "form_field",
        "link",
        "alternative_text",
        "attachment",
        "mail_header",
        "hidden_sheet",
        "appended_data",  # after the end of what a viewer shows
    }
)
HIDDEN = frozenset(
    {
        "metadata",
        "hidden_text",
        "script",
        "formula",
        "comment",
        "speaker_note",
        "tracked_change",
        "alternative_text",
        "hidden_sheet",
        "appended_data",
    }
)


def is_hidden(origin: Iterable[str]) -> bool:
    """Whether somebody who only looks at the medium does not see a text of this origin."""
    return not HIDDEN.isdisjoint(origin)
