"""The names of all counters and histograms, in one registry per service."""

from __future__ import annotations

from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from moderation.errors import ModerationError
from moderation.known.store import BankStore
from moderation.schema import ModerationResult, StreamEvent

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_SIZES = (1, 2, 4, 8, 16, 32, 64, 128)


class Metrics:
    """What `/metrics` shows (Prometheus text format 0.0.4)."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "moderation_http_requests_total", "HTTP requests.", ["route", "status"], registry=self.registry
        )
        self.request_seconds = Histogram(
            "moderation_http_request_seconds", "Time per request.", ["route"], registry=self.registry, buckets=_SECONDS
        )
        self.errors = Counter(
            "moderation_errors_total", "Errors answered, by stable code.", ["code"], registry=self.registry
        )
        self.decisions = Counter(
            "moderation_decisions_total", "Results, by decision.", ["decision"], registry=self.registry
        )
        self.flagged = Counter(
            "moderation_flagged_total", "Results in which a category was flagged.", ["category"], registry=self.registry
        )
        self.unjudged = Counter(
            "moderation_unjudged_total", "What was not judged.", ["stage", "reason"], registry=self.registry
        )
        self.batch_size = Histogram(
            "moderation_batch_size", "Items per batch.", ["model"], registry=self.registry, buckets=_SIZES
        )
        self.batch_seconds = Histogram(
            "moderation_batch_seconds", "Time per batch.", ["model"], registry=self.registry, buckets=_SECONDS
        )
        self.not_ready = Gauge(
            "moderation_stage_not_ready", "1 for a stage that cannot answer.", ["stage"], registry=self.registry
        )
        self.known_matches = Counter(
            "moderation_known_matches_total", "Findings of known content.", ["bank"], registry=self.registry
        )
        self.bank_entries = Gauge("moderation_bank_entries", "Entries of a bank.", ["bank"], registry=self.registry)
        self.banks_outdated = Gauge(
            "moderation_banks_outdated",
            "1 where the files of banks are wrong and older ones used.",
            registry=self.registry,
        )

    def banks(self, banks: BankStore) -> None:
        """Notes which banks there are."""
        self.bank_entries.clear()
        for head in banks.current.heads:
            self.bank_entries.labels(head.name).set(head.count)
        self.banks_outdated.set(banks.error is not None)

    def batch(self, model: str, size: int, seconds: float) -> None:
        """Notes a batch that ran."""
        self.batch_size.labels(model).observe(size)
        self.batch_seconds.labels(model).observe(seconds)

    def outcomes(self, outcomes: Sequence[ModerationResult | ModerationError]) -> None:
        """Notes what a call answered."""
        for outcome in outcomes:
            if isinstance(outcome, ModerationError):
                continue  # counted where it is answered
            self.decisions.labels(outcome.decision.value).inc()
            for category, flagged in outcome.categories.items():
                if flagged:
                    self.flagged.labels(category).inc()
            for finding in outcome.findings:
                if finding.evidence.known is not None:
                    self.known_matches.labels(finding.evidence.known.bank).inc()
            for gap in outcome.unjudged:
                self.unjudged.labels(gap.stage, gap.reason).inc()

    def stream(self, last: StreamEvent) -> None:
        """Notes how a stream ended."""
        self.decisions.labels(last.decision.value).inc()

    def error(self, code: str) -> None:
        """Notes an error that was answered."""
        self.errors.labels(code).inc()

    def render(self) -> bytes:
        """All of it as text."""
        return generate_latest(self.registry)
