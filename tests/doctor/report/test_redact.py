# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""No secret is shown, wherever it is in a report."""

from __future__ import annotations

import string
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lastchunk.doctor.report.redact import HIDDEN, HOST, Redactor

KEYS = st.text(string.ascii_letters + string.digits + "-_.+/=", min_size=12, max_size=60).filter(
    lambda key: key.strip(".=/") == key and key[0].isalnum()
)
WORDS = st.text(string.ascii_lowercase + " .,:\n", max_size=30)
LABELS = st.from_regex(r"(?!xox|glpat)[a-z][a-z0-9]{2,10}(-[a-z0-9]{1,5})?", fullmatch=True)
"""None that begins as a key of Slack or GitLab does."""
HOSTS = st.builds(lambda labels: ".".join([*labels, "internal"]), st.lists(LABELS, min_size=1, max_size=3))
HOME = "/home/alice"


def redactor(environ: dict[str, str] | None = None, *, hide_hosts: bool = False, **more: object) -> Redactor:
    return Redactor.of(environ or {}, home=HOME, hide_hosts=hide_hosts, **more)


@pytest.mark.parametrize("variable", ["OPENAI_API_KEY", "MY_TOKEN", "DB_PASSWORD", "aws_secret_access_key", "COOKIE"])
@given(key=KEYS, before=WORDS, after=WORDS)
def test_what_the_environment_calls_secret_goes_wherever_it_stands(variable: str, key: str, before: str, after: str):
    shown = redactor({variable: key}).text(f"{before}{key}{after} {quote(key, safe='')}")

    assert key not in shown
    assert quote(key, safe="") not in shown


@given(key=KEYS, scheme=st.sampled_from(["", "Bearer ", "Basic ", "Bearer%20"]), words=WORDS)
def test_header_values_go_without_their_headers(key: str, scheme: str, words: str):
    environ = {"OTEL_EXPORTER_OTLP_TRACES_HEADERS": f"x-team=a,authorization={scheme}{quote(key, safe='')}"}

    assert key not in redactor(environ).text(f"{words} {key} {words}")


@given(
    user=KEYS,
    password=st.text(string.printable, min_size=5).map(lambda text: quote(text, safe="")),
    value=KEYS,
    host=HOSTS,
)
def test_user_and_query_of_a_url_go(user: str, password: str, value: str, host: str):
    shown = redactor().text(f"at https://{user}:{password}@{host}:8443/v1/traces?api={value}#{value} now")

    assert shown == f"at https://{HIDDEN}@{host}:8443/v1/traces?{HIDDEN} now"


def test_a_host_is_no_key_of_github():
    assert redactor().text("http://gha-7.runners.internal/v1") == "http://gha-7.runners.internal/v1"


@pytest.mark.parametrize("password", ["a/b", "a@b", "a:b", "a?b", "a#b"])
def test_a_password_that_is_not_quoted_goes_too(password: str):
    assert "a" not in redactor().text(f"http://user:{password}@host:1/x").replace(HIDDEN, "")


@pytest.mark.parametrize(
    "text",
    [
        "sk-proj-abcdefghijklmnop1234",
        "Authorization: Bearer abcdef.ghijkl",
        "{'api_key': 'abcdefgh'}",
        "api-key=abcdefgh",
        "OTEL_EXPORTER_OTLP_HEADERS=x=abcdefgh",
        "password: abcdefgh",
        "ghp_abcdefgh12345678",
        "eyJabcdefgh.ijklmnop.qrst",
    ],
)
def test_what_looks_like_a_secret_goes_though_nobody_calls_it_one(text: str):
    shown = redactor().text(text)

    assert HIDDEN in shown
    assert "abcdef" not in shown


@given(host=HOSTS, port=st.integers(1, 65535), words=WORDS)
def test_hosts_of_the_environment_go_if_they_shall(host: str, port: int, words: str):
    environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{host}:{port}"}
    text = f"{words} {host} http://{host}:{port}/v1 {host}:{port} sub.{host} {words}"

    assert host not in redactor(environ, hide_hosts=True).text(text)
    assert redactor(environ).text(text) == text


@given(host=HOSTS, path=st.sampled_from(["", "/v1", "/v1?x=1"]), user=st.sampled_from(["", "u:p@"]))
def test_hosts_of_any_url_go_if_they_shall(host: str, path: str, user: str):
    assert host not in redactor(hide_hosts=True).text(f"asked https://{user}{host}{path}, twice")


@given(host=HOSTS, port=st.integers(1, 65535))
def test_a_host_with_its_port_goes_though_nobody_knows_it(host: str, port: int):
    assert redactor(hide_hosts=True).text(f"asked {host}:{port}") == f"asked {HOST}:{port}"


@given(host=HOSTS)
def test_hosts_of_options_go_if_they_shall(host: str):
    assert (
        redactor(hide_hosts=True, urls=[f"https://{host}/v1"]).text(f"no address for {host}")
        == f"no address for {HOST}"
    )


@given(address=st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)).filter(lambda ip: not ip.is_loopback and int(ip)))
def test_addresses_go_if_they_shall(address: object):
    assert str(address) not in redactor(hide_hosts=True).text(f"connected to {address}, then left")


@pytest.mark.parametrize("text", ["http://localhost:4317", "http://127.0.0.1:4318/v1/traces", "http://[::1]:4317"])
def test_loopback_says_nothing_of_anybody(text: str):
    assert redactor(hide_hosts=True).text(text) == text


@pytest.mark.parametrize(
    "text", ["openai 3.54.0", "at 12:30:05", "Python 3.11.7", "autogen_core.models", "otlp.traces"]
)
def test_versions_times_and_modules_stay(text: str):
    assert redactor(hide_hosts=True).text(text) == text


@given(tail=st.sampled_from(["", "/app/.venv", ":", ".", ")"]), words=WORDS)
def test_the_home_folder_is_a_tilde(tail: str, words: str):
    shown = redactor().text(f"{words} {HOME}{tail}")

    assert HOME not in shown
    assert shown.endswith(f"~{tail}")


def test_another_folder_is_not_the_home_folder():
    assert redactor().text("/home/alice-and-bob/x") == "/home/alice-and-bob/x"


def test_a_root_as_home_folder_hides_nothing():
    assert Redactor.of({}, home="/", hide_hosts=False).text("/usr/bin") == "/usr/bin"


@given(text=st.text(max_size=200), key=KEYS, host=HOSTS)
def test_what_is_redacted_stays_as_it_is(text: str, key: str, host: str):
    once = redactor({"API_KEY": key, "PROXY_URL": f"http://{host}"}, hide_hosts=True)

    assert once.text(once.text(text)) == once.text(text)


def test_json_values_at_any_depth():
    value = {"rungs": [{"url": "http://u:p@h/x", "chars": 3, "key": None}], "ok": True}

    assert redactor().value(value) == {"rungs": [{"url": f"http://{HIDDEN}@h/x", "chars": 3, "key": None}], "ok": True}


def test_a_short_word_is_no_key():
    assert redactor({"OPENAI_API_KEY": "ollama"}).text("ollama 0.6.3") == "ollama 0.6.3"
