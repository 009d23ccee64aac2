# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The model's endpoint: why a request to it fails, or what it says it does not have, each with one remedy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from lastchunk.doctor.ladder.refusal import PROXIED, UNANSWERED, UNKNOWN, Missing
from lastchunk.doctor.ladder.runs import Run
from lastchunk.doctor.telemetry.probe import MEANS, SILENCES, Listener, Trust, look

_LOOK = 5.0
"""Seconds for each step of the look at who listens."""
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """The address that requests for the model go to, and the setting that names it."""

    client: str = ""
    """`openai`, `azure`, `anthropic` or `ollama`, as in `--client`; or the name of another package; empty if unknown."""
    model: str = ""
    """Empty if unknown."""
    address: str = ""
    """The URL to which the SDK appends its own path; empty if unknown."""
    path: str = "/chat/completions"
    """The path that the SDK appends."""
    setting: str = "--base-url"
    """The setting that names the address."""
    asks: str = "--model"
    """The setting that names the model."""


@dataclass(frozen=True, slots=True)
class Found:
    """What was found about a request that got no answer, or was refused."""

    said: str = ""
    """A sentence; empty if there is nothing to say."""
    remedy: str = ""


_TO_DO: Mapping[str, str] = {
    Listener.UNRESOLVED: "Correct the host in {setting}.",
    Listener.REFUSED: "Start the server, or correct the host and port in {setting}.",
    Listener.UNREACHABLE: "Check the network between this machine and the server, or correct the host in {setting}.",
    Listener.DROPS: "Check for a firewall between this machine and the server, or correct the host and port in {setting}.",
    Listener.SILENT: "Check the server, or the proxy in front of it: one of them hangs. If the server needs more time, raise "
    "--timeout.",
    Listener.TLS_SILENT: "Correct the port in {setting}, or write http:// there if the server does not use TLS.",
    Listener.UNTRUSTED: "Set SSL_CERT_FILE to a file with the certificate of the authority that signed it.",
    Listener.OTHER_NAME: "In {setting}, use the host name that the certificate is for.",
    Listener.EXPIRED: "Renew the server's certificate, or correct this machine's clock.",
    Listener.TLS_FAILED: "Ask the server's owner which TLS versions it accepts, and whether it requires a client certificate.",
    Listener.PLAIN: "Write http:// in {setting}.",
    Listener.WANTS_TLS: "Write https:// in {setting}.",
    Listener.CLOSES: "Correct the port in {setting}: no model server listens there.",
}


def place_of(endpoint: Endpoint) -> tuple[str, int, bool] | None:
    """Host, port, and whether TLS is used; None if the address is not a URL."""
    try:
        parts = urlsplit(endpoint.address)
        port = parts.port or _PORTS[parts.scheme]
    except (ValueError, KeyError):
        return None
    return (parts.hostname, port, parts.scheme == "https") if parts.hostname else None


def must_look(endpoint: Endpoint, run: Run) -> bool:
    """True if the exception does not say why no answer came, so that only a connection can tell."""
    return run.obstacle in (UNANSWERED, UNKNOWN) and place_of(endpoint) is not None and not _proxy(endpoint)


def obstacle(endpoint: Endpoint, run: Run, timeout: float) -> Found:
    """Why no answer came. Connects to the endpoint if it must. `timeout` is the command's `--timeout`."""
    if endpoint.address and place_of(endpoint) is None:
        return Found(
            f"{endpoint.address} is not a URL.", f"Correct {endpoint.setting}: it begins with http:// or https://."
        )
    if not run.obstacle:
        return Found()
    if proxy := _proxy(endpoint):
        return _by_proxy(endpoint, run, proxy, timeout)
    found, said = run.obstacle, run.obstacle_said
    if must_look(endpoint, run):
        found, said = _look(endpoint)
        if found in (Listener.HTTP_1, Listener.HTTP_2):
            return _answers_others(endpoint, run, timeout)
    if found == Listener.CLOSES:
        means = "it closes the connection without an answer"
    elif found in MEANS:
        means = MEANS[found]
    else:
        return Found()
    if found in SILENCES:
        said = f"waited for {_LOOK:g} s"
    remedy = _TO_DO[found].format(setting=endpoint.setting)
    if found == Listener.REFUSED and endpoint.client == "ollama":
        remedy = f"Start it (ollama serve), or correct the host and port in {endpoint.setting}."
    return Found(f"{endpoint.address}: {means}{f' ({said})' if said else ''}.", remedy)


def _look(endpoint: Endpoint) -> tuple[str, str]:
    place = place_of(endpoint)
    assert place is not None
    host, port, secure = place
    return look(host, port, Trust(verify=False) if secure else None, _LOOK)


def _answers_others(endpoint: Endpoint, run: Run, timeout: float) -> Found:
    if run.obstacle != UNANSWERED:
        return Found()
    return Found(
        f"{endpoint.address}: it answers other requests at once, but nothing came for this one (waited for {timeout:g} s).",
        "Read the model server's log: it may be busy, or still loading the model. If it needs more time, raise --timeout.",
    )


def _by_proxy(endpoint: Endpoint, run: Run, proxy: str, timeout: float) -> Found:
    means = {
        PROXIED: "which refuses to connect",
        UNANSWERED: f"and nothing comes back (waited for {timeout:g} s)",
    }.get(run.obstacle, "and no answer comes back")
    if run.obstacle in MEANS:
        means = f"and the connection fails: {MEANS[run.obstacle]}"
    host = urlsplit(endpoint.address).hostname
    return Found(
        f"{endpoint.address}: the request goes through the proxy in {proxy}, {means}.",
        f"Correct {proxy}, or add {host} to NO_PROXY if it can be reached without the proxy.",
    )


def _proxy(endpoint: Endpoint) -> str:
    """The environment variable that names a proxy for the address; empty if none does."""
    place = place_of(endpoint)
    if place is None or proxy_bypass(f"{place[0]}:{place[1]}"):
        return ""
    found = getproxies()
    name = next((name for name in (urlsplit(endpoint.address).scheme, "all") if found.get(name)), "")
    return f"{name.upper()}_PROXY" if name else ""


def missing(endpoint: Endpoint, run: Run) -> Found:
    """What to do where the endpoint says that it does not have the model, or the address."""
    model = f" {endpoint.model}" if endpoint.model else ""
    match run.missing:
        case Missing.PULLED:
            return Found(
                f"The server does not have the model{model}.", f"Pull it there: ollama pull{model or ' MODEL'}."
            )
        case Missing.MODEL:
            return Found(*_no_model(endpoint, model))
        case Missing.ADDRESS:
            return Found("No model API answers at this address.", wrong_address(endpoint))
        case _:
            return Found()


def _no_model(endpoint: Endpoint, model: str) -> tuple[str, str]:
    match endpoint.client:
        case "ollama":
            return f"The server does not have the model{model}.", f"Pull it there: ollama pull{model or ' MODEL'}."
        case "azure":
            return (
                f"The resource has no deployment{model}.",
                f"Set {endpoint.asks} to the name of a deployment of this resource, which may differ from the model's name.",
            )
        case _:
            return (
                f"The endpoint does not know the model{model}.",
                f"Correct {endpoint.asks}: {endpoint.address.rstrip('/')}{_models(endpoint)} lists its models.",
            )


def _models(endpoint: Endpoint) -> str:
    return "/v1/models" if endpoint.client == "anthropic" else "/models"


def wrong_address(endpoint: Endpoint) -> str:
    """The remedy for an address at which something else answers, or nothing."""
    path, setting = urlsplit(endpoint.address).path.rstrip("/"), endpoint.setting
    match endpoint.client:
        case "azure":
            return (
                f"Set {setting} to the address of the resource, without a path, and OPENAI_API_VERSION to a version that it "
                "supports."
            )
        case "anthropic":
            if path.endswith(("/v1", "/messages")):
                return (
                    f"Leave {path[path.index('/v1') :] if '/v1' in path else path} out of {setting}: the SDK adds it."
                )
            return f"Correct {setting}: the SDK asks for /v1/messages below it."
        case "ollama":
            if path:
                return f"Leave {path} out of {setting}: the SDK asks for /api/chat."
            return f"Correct the host and port in {setting}: no Ollama answers there."
        case "openai":
            if path.endswith(endpoint.path):
                return f"Leave {endpoint.path} out of {setting}: the SDK adds it."
            if not path:
                return f"Add /v1 to {setting}: the SDK asks for {endpoint.path} below it."
            return f"Correct {setting}: the SDK asks for {endpoint.path} below it."
        case _:
            return f"Correct {setting}."
