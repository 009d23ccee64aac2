# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Known default timeouts that cut streams, with their seconds and owners. Pure data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Default:
    """A default timeout of a product between application and model, or of the client itself."""

    seconds: float
    owner: str
    setting: str
    """What to raise; empty where it cannot be set."""


ON_THE_WAY: tuple[Default, ...] = (
    Default(15, "Envoy", "the route's `timeout`, for the whole response"),
    Default(29, "Amazon API Gateway", "the integration timeout, for the whole response"),
    Default(30, "Google Cloud load balancers", "the backend service's `timeoutSec`"),
    Default(30, "Amazon CloudFront", "the origin's response timeout"),
    Default(30, "HAProxy as its container images set it", "`timeout server` and `timeout client`"),
    Default(30, "gunicorn", "`--timeout`, of synchronous workers"),
    Default(50, "HAProxy as Debian and many examples set it", "`timeout server` and `timeout client`"),
    Default(55, "Heroku", ""),
    Default(60, "nginx and ingress-nginx", "`proxy_read_timeout`"),
    Default(60, "AWS Application Load Balancer", "`idle_timeout.timeout_seconds`"),
    Default(60, "Apache", "`ProxyTimeout`"),
    Default(100, "Cloudflare", ""),
    Default(120, "Cloudflare", "`proxy_read_timeout`, on plans that have it"),
    Default(230, "Azure App Service", ""),
    Default(240, "Azure Load Balancer", "the rule's idle timeout"),
    Default(300, "Envoy", "`stream_idle_timeout`"),
    Default(300, "Google Cloud Run", "the service's request timeout, for the whole response"),
    Default(350, "AWS Network Load Balancer and NAT gateway", "`tcp.idle_timeout.seconds`, of the load balancer"),
    Default(600, "Google Cloud's network", ""),
)

OF_THE_CLIENT: tuple[Default, ...] = (
    Default(5, "httpx", "`timeout` of its client"),
    Default(300, "aiohttp", "`ClientTimeout.total`, for the whole response"),
    Default(300, "azure-core", "`read_timeout` of the client"),
    Default(600, "the openai and anthropic SDKs", "`timeout` of the model client"),
)

_EARLY, _LATE, _SHARE = 0.5, 0.9, 0.02
"""How far a measured silence may be from its timeout: seconds before and after, and of the whole. Timers fire late."""


def owners(seconds: float, defaults: tuple[Default, ...]) -> list[Default]:
    """Return the defaults that explain a silence of so many seconds."""
    return [
        known
        for known in defaults
        if known.seconds - _EARLY <= seconds <= known.seconds + max(_LATE, known.seconds * _SHARE)
    ]
