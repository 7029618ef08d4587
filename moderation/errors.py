"""The error tree and its stable codes.

ModerationError
├── InputError                what a caller sent cannot be judged; a 4xx over HTTP
│   ├── InvalidRequestError   malformed, wrong type, unknown field
│   ├── RequestTimeoutError   the body did not come in time
│   ├── TooLargeError         over a stated limit, found before decoding
│   ├── UndecodableError      the bytes are not the media they are said to be
│   ├── FetchError            what a URL leads to cannot be had
│   └── NotSupportedYetError  valid, and not built yet
├── AuthenticationError       no key, or a wrong one
├── OverloadedError           the queue is full; try again after `retry_after_s`
├── NotReadyError             a required model is not loaded
├── StageError                one stage gave no answer; becomes `unjudged`, never ALLOW
│   ├── ModelError            inference raised
│   ├── DeadlineError         the stage's deadline passed
│   ├── StalledError          the model still hangs in an earlier call
│   └── DecodeStageError      the decoder process died, hung or ran out of memory
├── ConfigurationError        what an operator wrote is wrong
│   ├── SettingsError
│   ├── PolicyError           carries file and line
│   ├── ListError             likewise, for a word list
│   └── MissingExtraError     an optional library is not installed
└── WeightsError
    ├── WeightsMissingError   no package carries them
    ├── WeightsMismatchError  SHA-256 differs from the pinned one
    └── StoreError            the model store cannot be written
"""

from __future__ import annotations

from typing import Any


class ModerationError(Exception):
    """Base of every error this library raises.

    Attributes:
        code: stable, machine-readable; part of the API.
        kind: the `type` of the error over HTTP: one word for a whole branch of the tree.
        message: what is wrong, where, and what to do.
        param: path of the offending input (`input[1].data`), if there is one.
    """

    code = "error"
    kind = "server_error"

    def __init__(self, message: str, *, code: str | None = None, param: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        if code is not None:
            self.code = code

    def __reduce__(self) -> tuple[Any, ...]:
        """As it is, whatever its constructor asks for: errors travel between replicas."""
        return _restored, (type(self), self.args, self.__dict__)


def _restored(kind: type[ModerationError], arguments: tuple[Any, ...], state: dict[str, Any]) -> ModerationError:
    error = kind.__new__(kind, *arguments)
    error.__dict__.update(state)
    return error


class InputError(ModerationError):
    code = "invalid_input"
    kind = "invalid_request_error"


class InvalidRequestError(InputError):
    code = "invalid_request"


class RequestTimeoutError(InputError):
    code = "request_timeout"
    kind = "timeout_error"


class TooLargeError(InputError):
    code = "too_large"
    kind = "too_large_error"


class UndecodableError(InputError):
    code = "undecodable"
    kind = "undecodable_error"


class FetchError(InputError):
    code = "url_failed"
    kind = "fetch_error"


class NotSupportedYetError(InputError):
    code = "not_supported_yet"
    kind = "not_supported_error"


class AuthenticationError(ModerationError):
    code = "invalid_api_key"
    kind = "authentication_error"


class OverloadedError(ModerationError):
    code = "overloaded"
    kind = "overloaded_error"

    def __init__(self, message: str, *, retry_after_s: int = 1) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class NotReadyError(ModerationError):
    code = "not_ready"
    kind = "not_ready_error"


class StageError(ModerationError):
    code = "stage_failed"
    kind = "stage_error"


class ModelError(StageError):
    code = "model_failed"


class DeadlineError(StageError):
    code = "deadline_exceeded"


class StalledError(StageError):
    code = "model_stalled"


class DecodeStageError(StageError):
    code = "decoder_failed"


class ConfigurationError(ModerationError):
    code = "configuration"


class SettingsError(ConfigurationError):
    code = "invalid_settings"


class PolicyError(ConfigurationError):
    """A policy file is wrong; `str()` starts with `file:line:`."""

    code = "invalid_policy"

    def __init__(self, message: str, *, file: str, line: int | None = None) -> None:
        place = file if line is None else f"{file}:{line}"
        super().__init__(f"{place}: {message}")
        self.file = file
        self.line = line


class ListError(ConfigurationError):
    """A file of a list is wrong; `str()` starts with `file:line:`."""

    code = "invalid_list"

    def __init__(self, message: str, *, file: str, line: int | None = None) -> None:
        place = file if line is None else f"{file}:{line}"
        super().__init__(f"{place}: {message}")
        self.file = file
        self.line = line


class MissingExtraError(ConfigurationError):
    """An optional library is missing; names the extra that brings it."""

    code = "missing_extra"

    def __init__(self, library: str, *, extra: str) -> None:
        super().__init__(
            f"{library} is not installed; run: pip install 'moderation[{extra}]'",
        )
        self.extra = extra


class WeightsError(ModerationError):
    code = "weights"


class WeightsMissingError(WeightsError):
    code = "weights_missing"


class WeightsMismatchError(WeightsError):
    code = "weights_mismatch"


class StoreError(WeightsError):
    code = "store"


# Reasons of a gap that lie with a stage and not with the content: trying again may help.
STAGE_CODES = frozenset(
    {
        *(kind.code for kind in (StageError, ModelError, DeadlineError, StalledError, DecodeStageError)),
        "no_model",
        "model_not_loaded",
        "weights_missing",
        "decoder_timeout",
        "decoder_killed",
        "decoder_out_of_memory",
    }
)
