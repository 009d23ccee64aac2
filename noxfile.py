# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""`make compat`: tests/compat with old and new versions of what Lastchunk stands between, each set in its own environment.

Every pair of versions of two libraries, and every pair of a library and a Python, occurs in one environment at least.
`make compat ARGS="-t corners"` runs only the oldest and the newest.
"""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

import nox

AUTOGEN = ("0.4.9", "0.5.7", "0.6.4", "0.7.5")
OPENAI = ("1.93.0", "1.109.1", "2.54.0", "3.0.0", "3.54.0")
OLDEST_OPENAI = "1.66.5"
"""The oldest that our patches fit. Only the oldest AutoGen is tried with it: the newest wants 1.93."""
WRAPT = ("1.17.0", "2.5.2")
PYTHON = ("3.11", "3.14")
OPENTELEMETRY = {"1.17.0": ("1.37.0", "0.58b0"), "2.5.2": ("1.45.2", "0.66b2")}
"""The oldest comes with the old wrapt, the newest with the new one: API and SDK, and what goes with them."""

CLASSIC = ("autogen-agentchat==0.2.40", "ag2[openai]==0.14.0")
"""What owns a package `autogen` with the classic API."""

AG2_SDKS = ("aiobotocore==3.10.0", "zai-sdk==0.2.3", "dashscope==2.0.2")
"""What AG2's clients use that nothing else here does."""

MISFITS = (
    ("autogen-ext", "0.7.5", "anthropic", "1.0.0"),
    ("autogen-ext", "0.7.5", "anthropic", "0.125.0"),
)
"""What `lastchunk doctor` says of versions: those that do not work, and those that do."""

AGENT_FRAMEWORK = (
    ("1.22.0", "1.16.0", "1.3.2"),
    ("1.23.0", "1.17.0", "1.4.0"),
)
"""Of agent-framework-core, -openai and -orchestrations: the oldest whose own spans keep exception texts back, and the newest."""
AGENT_FRAMEWORK_CLIENTS = (
    "agent-framework-anthropic==1.0.0b261022",
    "agent-framework-ollama==1.0.0b261022",
    "agent-framework-bedrock==1.0.0b261022",
    "agent-framework-foundry==1.15.0",
    "agent-framework-ag-ui==1.7.0",
    "agent-framework-devui==1.0.0b261022",
    "agent-framework-gemini==1.0.0b261022",
    "agent-framework-mistral==1.0.0b261015",
)
"""They need the newest core."""

SDKS = (
    ("google-genai==3.6.1", "mistralai==3.7.0"),
    ("google-genai==2.25.0", "mistralai==2.9.2"),
)
"""Of Google and Mistral: the newest, and the oldest that the clients of Agent Framework and AG2 install. The first wants an older
tenacity or websockets, the second a newer OpenTelemetry than the oldest we support."""

EXPORTED = "opentelemetry-exporter-otlp-proto-common"
"""With it the fuzzer of the wire looks at the bytes that would leave."""

STUDIO = "autogenstudio==0.4.2.2"
"""It wants AutoGen 0.5."""

CORNERS = ("autogen 0.4.9, openai 1.66.5", "autogen 0.7.5, openai 3.54.0")
RESULTS = Path(".venv-compat/results")

nox.needs_version = ">=2026"
nox.options.default_venv_backend = "uv"
nox.options.download_python = "never"
nox.options.envdir = ".venv-compat"
nox.options.reuse_venv = "yes"
nox.options.stop_on_first_error = False

# Interpreters that pyenv has, and that its shims do not show.
for version in PYTHON:
    for found in sorted(Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser().glob(f"versions/{version}.*/bin")):
        os.environ["PATH"] = f"{found}{os.pathsep}{os.environ['PATH']}"
# Those that scripts/python-of-debian got; last, because other programs beside them do not run here.
for found in Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser().glob("lastchunk-python/*/usr/bin"):
    os.environ["PATH"] += f"{os.pathsep}{found}"


def environments() -> list[nox.parametrize]:
    """A version of AutoGen and one of openai give Python and wrapt, so that their pairs are covered, too."""
    oldest = f"autogen {AUTOGEN[0]}, openai {OLDEST_OPENAI}"
    chosen = [nox.param(PYTHON[0], AUTOGEN[0], OLDEST_OPENAI, WRAPT[0], id=oldest, tags=["corners"])]
    for i, autogen in enumerate(AUTOGEN):
        for j, openai in enumerate(OPENAI):
            name = f"autogen {autogen}, openai {openai}"
            tags = ["corners"] if name in CORNERS else []
            versions = (PYTHON[(i + j) % 2], autogen, openai, WRAPT[(i // 2 + j) % 2])
            chosen.append(nox.param(*versions, id=name, tags=tags))
    return chosen


def _without(*pinned: str, folder: Path) -> str:
    """The path of a copy of constraints.txt without the lines that begin with these."""
    others = [line for line in Path("constraints.txt").read_text().splitlines() if not line.startswith(pinned)]
    copy = folder / "constraints.txt"
    copy.write_text("\n".join(others))
    return str(copy)


@nox.session
@nox.parametrize(("python", "autogen", "openai", "wrapt"), environments())
def compat(session: nox.Session, autogen: str, openai: str, wrapt: str) -> None:
    """Run tests/compat in one environment."""
    api, contrib = OPENTELEMETRY[wrapt]
    row = f"{autogen:8} {openai:8} {wrapt:7} {api:14} {session.python:7}"
    result = RESULTS / f"{AUTOGEN.index(autogen)}{(OLDEST_OPENAI, *OPENAI).index(openai)}"
    result.parent.mkdir(parents=True, exist_ok=True)
    result.write_text(f"{row} FAILED\n")
    began = time.monotonic()
    chosen = {
        **dict.fromkeys(("autogen-agentchat", "autogen-core", "autogen-ext"), autogen),
        "openai": openai,
        "wrapt": wrapt,
        **dict.fromkeys(("opentelemetry-api", "opentelemetry-sdk"), api),
        **dict.fromkeys(("opentelemetry-instrumentation", "opentelemetry-semantic-conventions"), contrib),
    }
    pins = Path(session.create_tmp(), "constraints.txt")
    varied = re.compile(r"(autogen-|openai=|wrapt=|opentelemetry-)")
    others = [line for line in Path("constraints.txt").read_text().splitlines() if not varied.match(line)]
    pins.write_text("\n".join([*others, *(f"{name}=={version}" for name, version in chosen.items())]))
    session.install(
        *("--constraint", str(pins), "--build-constraint", "constraints.txt", "--quiet", "--editable", "."),
        *("autogen-agentchat", "autogen-ext[openai]", "openai", "opentelemetry-sdk"),
        *("pytest", "pytest-asyncio", "pytest-rerunfailures", "pytest-timeout"),
    )
    session.run("python", "-m", "pytest", "--quiet", "tests/compat", *session.posargs)
    result.write_text(f"{row} passed in {time.monotonic() - began:.0f} s\n")


@nox.session(python="3.11", tags=["corners"])
@nox.parametrize("package", [nox.param(package, id=re.split(r"[\[=]", package)[0]) for package in CLASSIC])
def classic(session: nox.Session, package: str) -> None:
    """Run tests/classic with a package that owns `autogen`; the rest of AutoGen 0.7.5 stands beside it."""
    varied = re.compile(r"(autogen-agentchat|numpy|openai)=")
    pins = Path(session.create_tmp(), "constraints.txt")
    pins.write_text(
        "\n".join(line for line in Path("constraints.txt").read_text().splitlines() if not varied.match(line))
    )
    session.install(
        *("--constraint", str(pins), "--build-constraint", "constraints.txt", "--quiet", "--editable", "."),
        *(package, "autogen-ext[openai]", "opentelemetry-sdk", EXPORTED),
        *("pytest", "pytest-asyncio", "pytest-rerunfailures", "pytest-timeout"),
    )
    session.run("python", "-m", "pytest", "--quiet", "tests/classic", *session.posargs)


@nox.session(python="3.11", tags=["corners"])
@nox.parametrize("pair", [nox.param(pair, id=" ".join(pair)) for pair in MISFITS])
def misfits(session: nox.Session, pair: tuple[str, str, str, str]) -> None:
    """Run tests/misfits with two versions of which the doctor says something."""
    library, library_version, sdk, sdk_version = pair
    pins = Path(session.create_tmp(), "constraints.txt")
    others = [line for line in Path("constraints.txt").read_text().splitlines() if not line.startswith(f"{sdk}=")]
    pins.write_text("\n".join(others))
    session.install(
        *("--constraint", str(pins), "--build-constraint", "constraints.txt", "--quiet", "--editable", "."),
        *(f"{library}[openai]=={library_version}", f"{sdk}=={sdk_version}", "opentelemetry-sdk"),
        *("pytest", "pytest-asyncio", "pytest-rerunfailures", "pytest-timeout"),
    )
    session.run("python", "-m", "pytest", "--quiet", "tests/misfits", *session.posargs)


@nox.session(python="3.11", tags=["corners"])
@nox.parametrize("versions", [nox.param(versions, id=f"core {versions[0]}") for versions in AGENT_FRAMEWORK])
def agent_framework(session: nox.Session, versions: tuple[str, str, str]) -> None:
    """Run tests/agent_framework with one set of versions; AutoGen 0.7.5 stands beside it, as in the matrix of endings."""
    # Its clients want newer ones than AutoGen works with.
    varied = re.compile(r"(agent-framework-[a-z]+|anthropic|fastapi|ollama|openai|python-dateutil|starlette|tenacity)=")
    pins = Path(session.create_tmp(), "constraints.txt")
    pins.write_text(
        "\n".join(line for line in Path("constraints.txt").read_text().splitlines() if not varied.match(line))
    )
    core, openai, orchestrations = versions
    newest = versions == AGENT_FRAMEWORK[-1]
    session.install(
        *("--constraint", str(pins), "--build-constraint", "constraints.txt", "--quiet", "--editable", ".[cli,otlp]"),
        *(f"agent-framework-core=={core}", f"agent-framework-openai=={openai}"),
        f"agent-framework-orchestrations=={orchestrations}",
        *(AGENT_FRAMEWORK_CLIENTS if newest else ()),
        *("autogen-agentchat", "autogen-ext[openai]", "opentelemetry-sdk", "opentelemetry-instrumentation"),
        *(
            "aiohttp",
            "anthropic",
            "azure-ai-inference",
            "fastapi",
            "ollama",
            "sse-starlette",
            "trustme",
            "uvicorn",
            "uvloop",
            "websockets",
        ),
        *("pytest", "pytest-asyncio", "pytest-rerunfailures", "pytest-timeout"),
    )
    need_clients = ("test_clients.py", "test_ag_ui.py", "test_devui.py")
    left_out = () if newest else [f"--ignore=tests/agent_framework/{name}" for name in need_clients]
    session.run("python", "-m", "pytest", "--quiet", "tests/agent_framework", *left_out, *session.posargs)


@nox.session(python="3.11", tags=["corners"])
@nox.parametrize("versions", [nox.param(versions, id=versions[0]) for versions in SDKS])
def sdks(session: nox.Session, versions: tuple[str, str]) -> None:
    """Run tests/sdks with SDKs that want other versions than the rest works with."""
    pins = _without("tenacity=", "websockets=", folder=Path(session.create_tmp()))
    session.install(
        *("--constraint", pins, "--build-constraint", "constraints.txt", "--quiet", "--editable", "."),
        *(*versions, "autogen-agentchat", "autogen-ext[openai]", "opentelemetry-sdk", EXPORTED),
        *("aiohttp", "anthropic", "azure-ai-inference", "fastapi", "ollama", "sse-starlette", "trustme", "uvicorn"),
        *("uvloop", "pytest", "pytest-asyncio", "pytest-rerunfailures", "pytest-timeout"),
    )
    session.run("python", "-m", "pytest", "--quiet", "tests/sdks", *session.posargs)


@nox.session(python="3.11", tags=["corners"])
def ag2(session: nox.Session) -> None:
    """Run tests/ag2 with AG2 1.x; the rest of AutoGen 0.7.5 stands beside it. SDKs of Google and Amazon want older versions."""
    pins = _without("python-dateutil=", "tenacity=", "websockets=", folder=Path(session.create_tmp()))
    session.install(
        *("--constraint", pins, "--build-constraint", "constraints.txt", "--quiet", "--editable", "."),
        *("ag2[openai,gemini,mistral,bedrock,zai,dashscope]==1.2.1", *AG2_SDKS),
        *("autogen-agentchat", "autogen-ext[openai]", "opentelemetry-sdk", EXPORTED),
        *("pytest", "pytest-asyncio", "pytest-rerunfailures", "pytest-timeout"),
    )
    session.run("python", "-m", "pytest", "--quiet", "tests/ag2", *session.posargs)


@nox.session(python="3.11")
def studio(session: nox.Session) -> None:
    """Run tests/studio with AutoGen Studio, which wants AutoGen 0.5. It takes 900 MB, so CI leaves it out."""
    pins = Path(session.create_tmp(), "constraints.txt")
    others = [line for line in Path("constraints.txt").read_text().splitlines() if not line.startswith("autogen-")]
    pins.write_text("\n".join(others))
    session.install(
        *("--constraint", str(pins), "--build-constraint", "constraints.txt", "--quiet", "--editable", ".[cli,otlp]"),
        *(STUDIO, "pytest", "pytest-asyncio", "pytest-rerunfailures", "pytest-timeout"),
    )
    session.run("python", "-m", "pytest", "--quiet", "tests/studio", *session.posargs)


@nox.session(python=False, tags=["corners"])
def table(session: nox.Session) -> None:
    """Print what was run, and what came of it."""
    print(f"{'AutoGen':8} {'openai':8} {'wrapt':7} {'OpenTelemetry':14} Python")
    for result in sorted(RESULTS.glob("*")):
        print(result.read_text(), end="")
        result.unlink()
