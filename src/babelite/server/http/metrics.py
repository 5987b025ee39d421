"""Prometheus metrics of the server."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

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
        count, observe = partial(Counter, registry=registry), partial(Histogram, registry=registry)
        show = partial(Gauge, registry=registry)
        labels = ["route", "status"]
        self._requests = count("babelite_requests", "Responses by route and status.", labels)
        seconds = "Time from the headers of a request to its response."
        self._seconds = observe("babelite_request_seconds", seconds, ["route"], buckets=_SECONDS)
        self._sentences = count("babelite_sentences", "Encoded sentences.")
        self._tokens = count("babelite_tokens", "Encoded tokens.")
        batch = "Sentences in a batch."
        self._batches = observe("babelite_batch_sentences", batch, buckets=_SENTENCES)
        self._encoding = count("babelite_encoding_seconds", "Time that threads spent encoding.")
        show("babelite_waiting_sentences", "Queued sentences.").set_function(waiting)
        show("babelite", "Model and version.", ["model", "version"]).labels(model, version).set(1)

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
