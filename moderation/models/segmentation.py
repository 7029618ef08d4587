"""Puts back the spaces that a recogniser dropped between Latin words. Pure.

A run of letters that no word list knows is cut where the words it would fall into are likelier, taken one by one, than
one unknown word of that length (Viterbi over unigram costs). Only spaces are ever added. Left alone: words the list
knows, anything that looks like an address, an e-mail, a path, a number, code or a name with inner capitals, and all
scripts but ASCII letters. It knows no grammar: of two ways to cut, the one of commoner words wins.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping

MIN_RUN_CHARS = 9  # shorter unknown runs are mostly words the list lacks
_SENTENCE_CHARS = 11  # below it a run is cut in two long words at most: "histogram" is not "his to gram"
_SHORTEST_OF_TWO = 4
_MAX_WORD_CHARS = 20
# English words of up to three letters. The list is of a hundred languages, and short words of the others, which are the
# commonest of all, would cut every English word it does not know to pieces.
_SHORT_WORDS = frozenset(
    (  # noqa: SIM905 - as a list it would fill the screen
        "a i am an as at be by do go he hi if in is it me my no of oh ok on or so to up us we act add age ago "
        "aim air all and any are arm art ask ass bad bag ban bar bed beg bet big bit box boy bug bus but buy "
        "bye can cap car cat cop cry cut dad day did die dog dry due eat end eye fan far fat few fit fly for "
        "fuck fun gas get god got gun guy gym had has hat her hey him his hit hot how hug ice ill its job joy "
        "key kid law lay leg let lie lip log lot low mad man map may men mix mom mum net new nor not now nut "
        "odd off oil old one our out own pay per pet pig pot put ran rap raw red rid rob run sad sat saw say "
        "see set sex she shy sin sir sit six sky son sue sun tax tea ten the tie tip toe too top toy try two "
        "use van via war was way web wet who why win wow yes yet you "
    ).split()
)
# Endings that the list holds because they begin words in some language.
_ENDINGS = frozenset(
    ["tion", "sion", "ment", "ness", "ship", "able", "ible", "ance", "ence", "ings", "iest", "edly", "ation", "ator"]
)
# Cost of an unknown word: what a list of log probabilities must beat before a run is cut.
_UNKNOWN_COST = 8.0
_UNKNOWN_COST_PER_CHAR = 2.5

_RUN = re.compile(r"[A-Za-z]+")
_LEAVE = re.compile(r"[0-9@/\\_#=:<>{}\[\]|~^`$%&*+]|[A-Za-z]\.[A-Za-z]|[a-z][A-Z]|www\.")
_PIECE = re.compile(r"▁([A-Za-z]+)")


def word_costs(pieces: Iterable[tuple[str, float]]) -> dict[str, float]:
    """Costs of whole words, lower case, from a Unigram vocabulary's pieces and log probabilities.

    Beginnings of words look like words there; of those up to three letters only English words are kept.
    """
    costs: dict[str, float] = {}
    for piece, log_probability in pieces:
        match = _PIECE.fullmatch(piece)
        if match is None:
            continue
        word = match[1].lower()
        if word in _ENDINGS or (len(word) <= 3 and word not in _SHORT_WORDS):
            continue
        costs[word] = min(costs.get(word, math.inf), -log_probability)
    return costs


class Segmenter:
    """Adds missing spaces to lines of text.

    Args:
        costs: of each known word, lower case; negative log probabilities.
    """

    def __init__(self, costs: Mapping[str, float]) -> None:
        self._costs = costs

    def split(self, text: str) -> str:
        """`text` with spaces added; taking its spaces out gives the same as before."""
        return "".join(
            piece if _LEAVE.search(piece) else _RUN.sub(self._split_match, piece) for piece in re.split(r"(\s+)", text)
        )

    def _split_match(self, match: re.Match[str]) -> str:
        run = match[0]
        if len(run) < MIN_RUN_CHARS or run.lower() in self._costs:
            return run
        return " ".join(self._cut(run))

    def _cut(self, run: str) -> list[str]:
        """The cheapest words that make up `run`, or the run itself."""
        lower = run.lower()
        best = [0.0] + [math.inf] * len(run)
        start_of = [0] * (len(run) + 1)
        for end in range(1, len(run) + 1):
            for start in range(max(0, end - _MAX_WORD_CHARS), end):
                if end - start == 1 and start and run[start] == "i":
                    continue  # inside a run, the word is written "I"; the letter is everywhere
                cost = best[start] + self._costs.get(lower[start:end], math.inf)
                if cost < best[end]:
                    best[end], start_of[end] = cost, start
        if best[-1] >= _UNKNOWN_COST + _UNKNOWN_COST_PER_CHAR * len(run):
            return [run]
        words: list[str] = []
        end = len(run)
        while end:
            words.append(run[start_of[end] : end])
            end = start_of[end]
        if len(run) < _SENTENCE_CHARS and (len(words) > 2 or min(map(len, words)) < _SHORTEST_OF_TWO):
            return [run]
        return words[::-1]
