# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The model's endpoint: what stands in the way of a request to it, or what it says it does not have, and the one remedy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from lastchunk.doctor.ladder.refusal import PROXIED, UNANSWERED, UNKNOWN, Missing
from lastchunk.doctor.ladder.runs import Run
from lastchunk.doctor.telemetry.probe import MEANS, SILENCES, Listener, Trust, look

_LOOK = 5.0
"""Seconds for each step of a look at who listens."""
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where the model is asked, and what names it."""

    client: str = ""
    """`openai`, `azure`, `anthropic` or `ollama`, as `--client` has them; another package's name; empty if nobody knows."""
    model: str = ""
    """Empty if nobody knows."""
    address: str = ""
    """The URL to which the SDK appends a path of its own; empty if nobody knows."""
    path: str = "/chat/completions"
    """The path of the SDK's own."""
    setting: str = "--base-url"
    """What names the address."""
    asks: str = "--model"
    """What names the model."""


@dataclass(frozen=True, slots=True)
class Found:
    """What was found about a request that got no answer, or was refused."""

    said: str = ""
    """A sentence; empty if there is nothing to say."""
    remedy: str = ""


_TO_DO: Mapping[str, str] = {
    Listener.UNRESOLVED: "Correct the host in {setting}.",
    Listener.REFUSED: "Start the server, or correct host and port in {setting}.",
    Listener.UNREACHABLE: "Check the network between here and there, or correct the host in {setting}.",
    Listener.DROPS: "Look for a firewall between here and there, or correct host and port in {setting}.",
    Listener.SILENT: "Look at the server, which hangs, or at the proxy before it. If it needs more time, give --timeout more "
    "seconds.",
    Listener.TLS_SILENT: "Correct the port in {setting}, or write http:// there if the server speaks without TLS.",
    Listener.UNTRUSTED: "Set SSL_CERT_FILE to the file of the authority that signed it.",
    Listener.OTHER_NAME: "Use in {setting} the host name that the certificate is for.",
    Listener.EXPIRED: "Renew the server's certificate, or set this machine's clock.",
    Listener.TLS_FAILED: "Ask the server's owner which TLS versions and which client certificate it wants.",
    Listener.PLAIN: "Write http:// in {setting}.",
    Listener.WANTS_TLS: "Write https:// in {setting}.",
    Listener.CLOSES: "Correct the port in {setting}: this is no server of models.",
}


def place_of(endpoint: Endpoint) -> tuple[str, int, bool] | None:
    """Host, port, and whether it is asked by TLS; None if the address is no URL."""
    try:
        parts = urlsplit(endpoint.address)
        port = parts.port or _PORTS[parts.scheme]
    except (ValueError, KeyError):
        return None
    return (parts.hostname, port, parts.scheme == "https") if parts.hostname else None


def must_look(endpoint: Endpoint, run: Run) -> bool:
    """The exception did not say why no answer came: only a look at who listens can tell."""
    return run.obstacle in (UNANSWERED, UNKNOWN) and place_of(endpoint) is not None and not _proxy(endpoint)


def obstacle(endpoint: Endpoint, run: Run, timeout: float) -> Found:
    """Why no answer came, with a look at who listens where that is needed. `timeout` is that of the command."""
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
        remedy = f"Start it (ollama serve), or correct host and port in {endpoint.setting}."
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
        f"{endpoint.address}: it answers at once what is no request to a model; to this request nothing came "
        f"(waited for {timeout:g} s).",
        "Look at the model server's log: it is busy, or still loading the model. If it needs more time, give --timeout more "
        "seconds.",
    )


def _by_proxy(endpoint: Endpoint, run: Run, proxy: str, timeout: float) -> Found:
    means = {
        PROXIED: "refuses to connect to it",
        UNANSWERED: f"is asked for it, and nothing comes (waited for {timeout:g} s)",
    }.get(run.obstacle, "is asked for it, and no answer comes")
    if run.obstacle in MEANS:
        means = f"is asked for it, and the connection fails: {MEANS[run.obstacle]}"
    host = urlsplit(endpoint.address).hostname
    return Found(
        f"{endpoint.address}: the proxy that {proxy} names {means}.",
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
            return Found("Nothing answers requests to a model at this address.", wrong_address(endpoint))
        case _:
            return Found()


def _no_model(endpoint: Endpoint, model: str) -> tuple[str, str]:
    match endpoint.client:
        case "ollama":
            return f"The server does not have the model{model}.", f"Pull it there: ollama pull{model or ' MODEL'}."
        case "azure":
            return (
                f"The resource has no deployment{model}.",
                f"Give {endpoint.asks} the name of a deployment of this resource, which need not be that of its model.",
            )
        case _:
            return (
                f"The endpoint does not know the model{model}.",
                f"Correct {endpoint.asks}: {endpoint.address.rstrip('/')}{_models(endpoint)} lists what it has.",
            )


def _models(endpoint: Endpoint) -> str:
    return "/v1/models" if endpoint.client == "anthropic" else "/models"


def wrong_address(endpoint: Endpoint) -> str:
    """What is to be done to an address at which something else answers, or nobody."""
    path, setting = urlsplit(endpoint.address).path.rstrip("/"), endpoint.setting
    match endpoint.client:
        case "azure":
            return (
                f"Give in {setting} the address of the resource, without a path, and in OPENAI_API_VERSION a version that it "
                "knows."
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
            return f"Correct host and port in {setting}: no Ollama answers there."
        case "openai":
            if path.endswith(endpoint.path):
                return f"Leave {endpoint.path} out of {setting}: the SDK adds it."
            if not path:
                return f"Add /v1 to {setting}: the SDK asks for {endpoint.path} below it."
            return f"Correct {setting}: the SDK asks for {endpoint.path} below it."
        case _:
            return f"Correct {setting}."
