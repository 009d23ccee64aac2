# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""`--client`: creates AutoGen's own model clients, with keys from the environment only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from lastchunk.doctor.report.findings import CouldNotRun
from lastchunk.streams.failure import qualified_name

_API_VERSION = "2024-10-21"
"""Azure OpenAI's API version where `OPENAI_API_VERSION` is not set."""


@dataclass(frozen=True, slots=True)
class Given:
    """The options that describe a client."""

    client: str
    model: str
    base_url: str | None = None


@dataclass(frozen=True, slots=True)
class _Kind:
    extra: str
    """The extra of autogen-ext that installs it."""
    key: str
    """The environment variable that holds the key; empty if it needs none."""
    address: str
    """The environment variable that names the endpoint where `--base-url` does not."""
    make: Callable[[Given, Mapping[str, str]], Any]


def make(given: Given, environ: Mapping[str, str], *, keyless: bool = False) -> Any:
    """Create the client. Raises `CouldNotRun` if its package or its key is missing; with `keyless`, any key will do."""
    kind = KINDS[given.client]
    key = environ.get(kind.key, "").strip()
    if not (key.isascii() and key.isprintable()):
        raise CouldNotRun(f"{kind.key} contains a character that no header can carry: copy the key again.")
    if kind.key and not key:
        if not keyless:
            raise CouldNotRun(
                f"--client {given.client} takes its key from the environment: set {kind.key} (any word will do if the server "
                "needs no key)."
            )
        environ = {**environ, kind.key: "none"}
    try:
        return kind.make(given, environ)
    except ImportError as error:
        raise CouldNotRun(
            f"--client {given.client} needs {error.name or 'a package'}, which cannot be imported: run "
            f"pip install 'autogen-ext[{kind.extra}]', then `lastchunk doctor`, which checks the packages."
        ) from error
    except CouldNotRun:
        raise
    except Exception as error:
        raise CouldNotRun(
            f"--client {given.client} with --model {given.model} cannot be created ({qualified_name(error)}): "
            "check --model and --base-url, and run `lastchunk doctor`, which checks the packages."
        ) from error


def key_variable(client: str) -> str:
    """The environment variable that holds a client's key; empty if it needs none."""
    return KINDS[client].key


def address_setting(given: Given, environ: Mapping[str, str]) -> str:
    """The setting that names the endpoint: `--base-url`, or the environment variable that replaces it."""
    variable = KINDS[given.client].address
    return variable if given.base_url is None and environ.get(variable, "").strip() else "--base-url"


def _openai(given: Given, environ: Mapping[str, str]) -> Any:
    from autogen_ext.models.openai import OpenAIChatCompletionClient

    url = {"base_url": given.base_url} if given.base_url else {}
    return _known_or_not(
        OpenAIChatCompletionClient, model=given.model, api_key=environ["OPENAI_API_KEY"], max_retries=0, **url
    )


def _azure(given: Given, environ: Mapping[str, str]) -> Any:
    from autogen_ext.models.openai import AzureOpenAIChatCompletionClient

    endpoint = given.base_url or environ.get("AZURE_OPENAI_ENDPOINT", "")
    if not endpoint:
        raise CouldNotRun(
            "--client azure needs the endpoint of the resource: give --base-url or set AZURE_OPENAI_ENDPOINT."
        )
    return _known_or_not(
        AzureOpenAIChatCompletionClient,
        model=given.model,
        azure_deployment=given.model,
        azure_endpoint=endpoint,
        api_version=environ.get("OPENAI_API_VERSION") or _API_VERSION,
        api_key=environ["AZURE_OPENAI_API_KEY"],
        max_retries=0,
    )


def _anthropic(given: Given, environ: Mapping[str, str]) -> Any:
    from autogen_ext.models.anthropic import AnthropicChatCompletionClient

    url = {"base_url": given.base_url} if given.base_url else {}
    return _known_or_not(
        AnthropicChatCompletionClient, model=given.model, api_key=environ["ANTHROPIC_API_KEY"], max_retries=0, **url
    )


def _ollama(given: Given, environ: Mapping[str, str]) -> Any:
    from autogen_ext.models.ollama import OllamaChatCompletionClient

    host = {"host": given.base_url} if given.base_url else {}
    return _known_or_not(OllamaChatCompletionClient, model=given.model, **host)


def _known_or_not(kind: Callable[..., Any], **arguments: Any) -> Any:
    """Create a client. AutoGen must be told what a model can do if it does not know the model."""
    try:
        return kind(**arguments)
    except (ValueError, KeyError):
        from autogen_core.models import ModelFamily, ModelInfo

        info = ModelInfo(
            vision=False,
            function_calling=True,
            json_output=False,
            family=ModelFamily.UNKNOWN,
            structured_output=False,
        )
        return kind(**arguments, model_info=info)


KINDS: Mapping[str, _Kind] = {
    "openai": _Kind("openai", "OPENAI_API_KEY", "OPENAI_BASE_URL", _openai),
    "azure": _Kind("openai", "AZURE_OPENAI_API_KEY", "AZURE_OPENAI_ENDPOINT", _azure),
    "anthropic": _Kind("anthropic", "ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL", _anthropic),
    "ollama": _Kind("ollama", "", "OLLAMA_HOST", _ollama),
}
"""By the value of `--client`."""
