"""Prometheus metrics of the server."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_SENTENCES = (1, 2, 4, 8, 16, 32, 64, 128)


class Metrics:
    """The metrics of one application; ``waiting`` returns the number of queued sentences."""

    def __init__(self, waiting: Callable[[], int], model: str, version: str) -> None:
        # Not the global registry: one process may run several applications.
        self._registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        self._requests = Counter(
            "babelite_requests", "Responses by route and status.", ["route", "status"],
            registry=registry,
        )  # fmt: skip
        self._seconds = Histogram(
            "babelite_request_seconds", "Time from the headers of a request to its response.",
            ["route"], buckets=_SECONDS, registry=registry,
        )  # fmt: skip
        self._sentences = Counter("babelite_sentences", "Encoded sentences.", registry=registry)
        self._tokens = Counter("babelite_tokens", "Encoded tokens.", registry=registry)
        self._batches = Histogram(
            "babelite_batch_sentences", "Sentences in a batch.", buckets=_SENTENCES,
            registry=registry,
        )  # fmt: skip
        self._encoding = Counter(
            "babelite_encoding_seconds", "Time that threads spent encoding.", registry=registry
        )
        queued = Gauge("babelite_waiting_sentences", "Queued sentences.", registry=registry)
        queued.set_function(waiting)
        served = Gauge("babelite", "Model and version.", ["model", "version"], registry=registry)
        served.labels(model, version).set(1)

    def request(self, route: str, status: int, seconds: float) -> None:
        """Count a response."""
        self._requests.labels(route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def batch(self, sentences: int, tokens: int, seconds: float) -> None:
        """Count a batch."""
        self._sentences.inc(sentences)
        self._tokens.inc(tokens)
        self._batches.observe(sentences)
        self._encoding.inc(seconds)

    def text(self) -> bytes:
        """All metrics in Prometheus's text format."""
        return generate_latest(self._registry)
