"""What the server counts, for Prometheus."""

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
    """The counters of one application.

    Args:
        waiting: Tells how many sentences wait.
        model: The name of the model.
        version: The version of babelite.
    """

    def __init__(self, waiting: Callable[[], int], model: str, version: str) -> None:
        # Not the registry of the process: a process may hold several applications.
        self._registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        self._requests = Counter(
            "babelite_requests", "Answers by route and status.", ["route", "status"],
            registry=registry,
        )  # fmt: skip
        self._seconds = Histogram(
            "babelite_request_seconds", "Time from the head of a request to its answer.",
            ["route"], buckets=_SECONDS, registry=registry,
        )  # fmt: skip
        self._sentences = Counter(
            "babelite_sentences", "Sentences that were encoded.", registry=registry
        )
        self._tokens = Counter("babelite_tokens", "Tokens that were encoded.", registry=registry)
        self._batches = Histogram(
            "babelite_batch_sentences", "Sentences of a batch.", buckets=_SENTENCES,
            registry=registry,
        )  # fmt: skip
        self._encoding = Counter(
            "babelite_encoding_seconds", "Time that threads spent encoding.", registry=registry
        )
        gauge = Gauge("babelite_waiting_sentences", "Sentences that wait.", registry=registry)
        gauge.set_function(waiting)
        served = Gauge("babelite", "What is served.", ["model", "version"], registry=registry)
        served.labels(model, version).set(1)

    def request(self, route: str, status: int, seconds: float) -> None:
        """Count an answer."""
        self._requests.labels(route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def batch(self, sentences: int, tokens: int, seconds: float) -> None:
        """Count a batch."""
        self._sentences.inc(sentences)
        self._tokens.inc(tokens)
        self._batches.observe(sentences)
        self._encoding.inc(seconds)

    def text(self) -> bytes:
        """All of it in Prometheus's format."""
        return generate_latest(self._registry)
