"""Numbers for Prometheus, read from the running parts when they are asked for.

Rules: nothing is counted on a hot path for this file's sake; a part keeps plain integers, and they
are turned into metrics here. No label names a flag: there may be ten thousand of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from importlib.metadata import version
from urllib.parse import urlsplit

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
from flaghoist_server.hub.stream import CloseCode

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
        services = self._services
        backend = urlsplit(services.settings.store).scheme
        yield _one("build_info", "The server's version.", 1, version=version("flaghoist-server"))
        yield _one("ready", "Ready for traffic.", not services.readiness.because)
        yield _one("store_up", "The store answers.", services.feed.state == "live", backend=backend)
        yield from self._environments()
        yield from self._fleet()
        yield from self._hub()

    def _environments(self) -> Iterator[Metric]:
        versions = _gauge("env_version", "Version of the environment.", ["env"])
        flags = _gauge("env_flags", "Flags in the environment.", ["env"])
        snapshot = _gauge("snapshot_bytes", "What an SDK gets that has nothing yet.", ["env"])
        for name, live in self._services.feed.environments.items():
            versions.add_metric([name], live.head.version)
            flags.add_metric([name], len(live.state.flags))
            snapshot.add_metric([name], len(live.full_frame()))
        yield from (versions, flags, snapshot)

    def _fleet(self) -> Iterator[Metric]:
        connected = _gauge("connected_sdks", "SDKs connected here.", ["env", "sdk", "version"])
        behind = _gauge("behind_sdks", "Of them, not at the newest version.", ["env"])
        lag = _gauge("sdk_version_lag_seconds", "Of the one that is behind for longest.", ["env"])
        rejected = _gauge("rejected_flags", "Flags that an SDK has set aside.", ["env"])
        evaluations = _counter("evaluations", "Evaluations as reported.", ["env"])
        now = self._services.fleet.clock()
        for name, group in self._services.fleet.groups.items():
            roster = group.roster
            for sdk, count in Counter(member.sdk for member in roster.members).items():
                connected.add_metric([name, *_name_and_version(sdk)], count)
            lags = [roster.lag(member, now) for member in roster.members]
            behind.add_metric([name], sum(each > 0 for each in lags))
            lag.add_metric([name], max(lags, default=0.0))
            rejected.add_metric([name], len(_rejected(group)))
            evaluations.add_metric([name], group.counts.total)
        yield from (connected, behind, lag, rejected, evaluations)

    def _hub(self) -> Iterator[Metric]:
        stats = self._services.hub.stats
        handshakes = _counter("handshakes", "Streams asked for, by answer.", ["result"])
        for result, count in stats.handshakes.items():
            handshakes.add_metric([result], count)
        closed = _counter("ws_closed", "Streams ended, by close code.", ["code"])
        for code, count in stats.closed.items():
            closed.add_metric([str(code)], count)
        slow = _counter("slow_consumer_closed", "Of them, because they took nothing.", [])
        slow.add_metric([], stats.closed[CloseCode.TOO_SLOW])
        diverged = _counter("divergence", "SDKs whose flags were not what they should be.", [])
        diverged.add_metric([], stats.diverged)
        push = HistogramMetricFamily(
            "flaghoist_push_latency_seconds",
            "From a change here to the last SDK's ack.",
        )
        push.add_metric([], stats.push_seconds.cumulative(), stats.push_seconds.sum)
        yield from (handshakes, closed, slow, diverged, push)


def _name_and_version(sdk: str) -> tuple[str, str]:
    name, _, its_version = sdk.partition(" ")
    return name, its_version


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
