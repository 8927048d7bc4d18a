"""For whoever watches the portal: when keys and metadata end without which nobody signs in."""

from collections.abc import Iterator

from flask import current_app
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from app.viewer import services
from saml.ends import ends_of
from saml.errors import SAMLError
from store import provider_watch
from store.errors import StoreError


class SignInEnds(Collector):
    """Read anew each time: what is told must be what the next sign-in meets. Times are Unix time."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Give the ends of live providers' certificates and metadata, failed readings, and our own ends."""
        if not current_app:  # the library asks for names when it registers, outside any request
            return
        try:
            yield from self._providers()
            yield self._own()
        except (StoreError, SAMLError) as error:
            current_app.logger.warning("The ends of keys and metadata can't be told: %s", error)

    def _providers(self) -> Iterator[GaugeMetricFamily]:
        ends = GaugeMetricFamily(
            "counterpart_provider_ends_timestamp_seconds",
            "When a live provider's certificate or metadata ends.",
            labels=("provider", "what"),
        )
        failures = GaugeMetricFamily(
            "counterpart_provider_metadata_failures",
            "How often a live provider's metadata could not be read since it last could.",
            labels=("provider",),
        )
        with services().store.reading() as tx:
            watched = provider_watch.every(tx)
        for provider in services().sign_on.providers():
            for end in ends_of(provider, None):
                ends.add_metric((provider.id, end.what), end.ends.timestamp())
            seen = watched.get(provider.id)
            failures.add_metric((provider.id,), seen.failures if seen else 0)
        yield ends
        yield failures

    def _own(self) -> GaugeMetricFamily:
        own = GaugeMetricFamily(
            "counterpart_own_certificate_ends_timestamp_seconds",
            "When the certificates that we publish for signing in end.",
            labels=("certificate",),
        )
        for name, ends in services().sign_on.own_ends().items():
            own.add_metric((name,), ends.timestamp())
        return own
