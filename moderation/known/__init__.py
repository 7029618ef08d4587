"""Known content: media that an operator's banks of hashes hold, found again by what they show or byte for byte."""

from moderation.known.bank import Bank
from moderation.known.banks import Banks
from moderation.known.errors import BankError
from moderation.known.exchange import Form, Import, Left, import_signals
from moderation.known.export import export_signals
from moderation.known.looking import look_up
from moderation.known.matches import LOW_QUALITY, Known, KnownMatch
from moderation.known.prints import Print, Prints, Wanted, prints_of
from moderation.known.signals import Frame, Kind, Opinion, Signal, frames_of, frames_written
from moderation.known.store import BankStore, load_banks
from moderation.known.vpdq import Shares, compare

__all__ = [
    "LOW_QUALITY",
    "Bank",
    "BankError",
    "BankStore",
    "Banks",
    "Form",
    "Frame",
    "Import",
    "Kind",
    "Known",
    "KnownMatch",
    "Left",
    "Opinion",
    "Print",
    "Prints",
    "Shares",
    "Signal",
    "Wanted",
    "compare",
    "export_signals",
    "frames_of",
    "frames_written",
    "import_signals",
    "load_banks",
    "look_up",
    "prints_of",
]
