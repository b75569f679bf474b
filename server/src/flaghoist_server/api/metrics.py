"""Numbers for Prometheus, read from the running parts when they are asked for.

Rules: nothing is counted on a hot path for this file's sake; a part keeps plain integers, and they
are turned into metrics here. No label names a flag: there may be ten thousand of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from importlib.metadata import version

from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from flaghoist_server.api.services import Services
from flaghoist_server.fleet.fleet import Group

__all__ = ["registry_of"]


def registry_of(services: Services) -> CollectorRegistry:
    """A registry that reads `services` whenever it is collected."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(services))
    return registry


class _Collector(Collector):
    def __init__(self, services: Services) -> None:
        self._services = services

    def collect(self) -> Iterator[Metric]:
        yield _one("build_info", "The server's version.", 1, version=version("flaghoist-server"))
        yield _one("ready", "Ready for traffic.", not self._services.readiness.because)
        yield _one("store_up", "The store answers.", self._services.feed.state == "live")
        yield from self._environments()
        yield from self._fleet()
        yield from self._hub()

    def _environments(self) -> Iterator[Metric]:
        versions = _gauge("environment_version", "Version of the environment.", ["environment"])
        flags = _gauge("environment_flags", "Flags in the environment.", ["environment"])
        for name, live in self._services.feed.environments.items():
            versions.add_metric([name], live.head.version)
            flags.add_metric([name], len(live.state.flags))
        yield versions
        yield flags

    def _fleet(self) -> Iterator[Metric]:
        connected = _gauge("connected_sdks", "SDKs connected here.", ["environment", "sdk"])
        behind = _gauge("behind_sdks", "Of them, not at the newest version.", ["environment"])
        rejected = _gauge("rejected_flags", "Flags that an SDK has set aside.", ["environment"])
        evaluations = _counter("evaluations", "Evaluations as reported.", ["environment"])
        for name, group in self._services.fleet.groups.items():
            roster = group.roster
            for sdk, count in Counter(member.sdk for member in roster.members).items():
                connected.add_metric([name, sdk], count)
            behind.add_metric([name], roster.connected - roster.applied(roster.version))
            rejected.add_metric([name], len(_rejected(group)))
            evaluations.add_metric([name], group.counts.total)
        yield from (connected, behind, rejected, evaluations)

    def _hub(self) -> Iterator[Metric]:
        stats = self._services.hub.stats
        handshakes = _counter("handshakes", "Streams asked for, by answer.", ["result"])
        for result, count in stats.handshakes.items():
            handshakes.add_metric([result], count)
        closed = _counter("streams_closed", "Streams ended, by close code.", ["code"])
        for code, count in stats.closed.items():
            closed.add_metric([str(code)], count)
        diverged = _counter("divergence", "SDKs whose flags were not what they should be.", [])
        diverged.add_metric([], stats.diverged)
        push = HistogramMetricFamily(
            "flaghoist_push_latency_seconds",
            "From a change here to the last SDK's ack.",
        )
        push.add_metric([], stats.push_seconds.cumulative(), stats.push_seconds.sum)
        yield from (handshakes, closed, diverged, push)


def _rejected(group: Group) -> set[str]:
    return {key for member in group.roster.members for key in member.rejected}


def _gauge(name: str, text: str, labels: list[str]) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"flaghoist_{name}", text, labels=labels)


def _counter(name: str, text: str, labels: list[str]) -> CounterMetricFamily:
    return CounterMetricFamily(f"flaghoist_{name}", text, labels=labels)


def _one(name: str, text: str, value: float, **labels: str) -> GaugeMetricFamily:
    metric = _gauge(name, text, list(labels))
    metric.add_metric(list(labels.values()), value)
    return metric
