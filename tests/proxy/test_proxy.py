"""What the proxy itself does, whichever application is behind it."""

import json
import re
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from websockets.sync.client import connect

from tests.support.echo_server import running_echo
from tests.support.nginx_server import (
    HOSTS,
    PATHS,
    Proxy,
    certify,
    most_log_ins_since,
    running_nginx,
    wait_for_port,
    wait_until,
)
from tests.support.ports import free_port

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.fixture(scope="module")
def proxy(nginx: None, tls: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """By host name, before two applications that tell what they were sent."""
    with ExitStack() as stack:
        upstreams = {f"{name}_UPSTREAM": stack.enter_context(running_echo(tls)) for name in ("AIRFLOW", "SUPERSET")}
        yield stack.enter_context(running_nginx(tmp_path_factory.mktemp("proxy"), tls, HOSTS | upstreams))


@pytest.fixture(scope="module")
def by_path(nginx: None, tls: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """By path."""
    with running_echo(tls) as airflow, running_echo(tls) as superset:
        settings = PATHS | {"AIRFLOW_UPSTREAM": airflow, "SUPERSET_UPSTREAM": superset}
        with running_nginx(tmp_path_factory.mktemp("paths"), tls, settings) as running:
            yield running


@pytest.fixture(scope="module")
def broken(nginx: None, tls: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """Nobody listens where Airflow should be; Superset's limits are a second."""
    with running_echo(tls) as silent:
        settings = HOSTS | {"AIRFLOW_UPSTREAM": f"127.0.0.1:{free_port()}", "SUPERSET_UPSTREAM": silent}
        folder = tmp_path_factory.mktemp("broken")
        with running_nginx(folder, tls, settings, timeouts={"NGINX_PROXY_TIMEOUT": 1}) as running:
            yield running


def test_plain_http_is_sent_to_https(proxy: Proxy):
    """The same host, path and query."""
    with socket.create_connection(("127.0.0.1", proxy.http_port), timeout=20) as plain:
        plain.sendall(b"GET /a/b?c=d HTTP/1.1\r\nHost: airflow.example\r\nConnection: close\r\n\r\n")
        answer = plain.makefile("rb").read().decode()
    assert answer.startswith("HTTP/1.1 301 ")
    assert f"Location: https://airflow.example:{proxy.https_port}/a/b?c=d\r\n" in answer


def test_a_certificate_authority_finds_its_challenge_over_plain_http(proxy: Proxy):
    """certbot's webroot way: the file is served, not redirected."""
    folder = proxy.folder / "acme/.well-known/acme-challenge"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "token").write_text("proof")
    with socket.create_connection(("127.0.0.1", proxy.http_port), timeout=20) as plain:
        plain.sendall(b"GET /.well-known/acme-challenge/token HTTP/1.0\r\nHost: airflow.example\r\n\r\n")
        assert plain.makefile("rb").read().endswith(b"\r\n\r\nproof")


@pytest.mark.parametrize(
    ("offer", "taken"),
    [
        (("-tls1", "-cipher", "ALL:@SECLEVEL=0"), False),
        (("-tls1_1", "-cipher", "ALL:@SECLEVEL=0"), False),
        (("-tls1_2", "-cipher", "AES128-GCM-SHA256"), False),
        (("-tls1_2", "-cipher", "ECDHE-ECDSA-AES256-SHA"), False),
        (("-tls1_2", "-cipher", "ECDHE-ECDSA-AES256-GCM-SHA384"), True),
        (("-tls1_3",), True),
    ],
)
def test_weak_tls_is_refused(proxy: Proxy, tls: Path, offer: tuple[str, ...], taken: bool):
    """Versions before 1.2, ciphers without forward secrecy or authenticated encryption."""
    assert _handshake(proxy.https_port, *offer) is taken
    with _lax_server(tls) as port:
        assert _handshake(port, *offer), "the client itself cannot do it"


def test_browsers_get_http2(proxy: Proxy, tls: Path):
    """Offered both, the proxy chooses it."""
    context = ssl.create_default_context(cafile=str(tls / "ca.crt"))
    context.set_alpn_protocols(["h2", "http/1.1"])
    with (
        socket.create_connection(("127.0.0.1", proxy.https_port), timeout=20) as plain,
        context.wrap_socket(plain, server_hostname="airflow.example") as wrapped,
    ):
        assert wrapped.selected_alpn_protocol() == "h2"


def test_every_answer_has_the_security_headers_once(proxy: Proxy):
    """The application's own are replaced, not doubled; nginx does not tell its version."""
    for path in ("/", "/execution/"):
        answer = proxy.ask("GET", f"https://airflow.example{path}")
        assert answer.headers.getlist("Strict-Transport-Security") == ["max-age=31536000"]
        assert answer.headers.getlist("X-Content-Type-Options") == ["nosniff"]
        assert answer.headers.getlist("X-Frame-Options") == ["SAMEORIGIN"]
        assert answer.headers.getlist("Referrer-Policy") == ["strict-origin-when-cross-origin"]
        assert answer.headers["Server"] == "nginx"
    assert proxy.ask("GET", "https://airflow.example/framed").headers.getlist("X-Frame-Options") == ["DENY"]


def test_cookies_are_secure_whatever_the_application_says(proxy: Proxy):
    """The applications behind set one without the flag."""
    assert "secure" in proxy.ask("GET", "https://superset.example/").headers["Set-Cookie"].lower()


def test_the_application_hears_who_asked_and_no_lie(proxy: Proxy):
    """A client that claims to forward for another is not believed."""
    lie = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "http", "X-Forwarded-Host": "evil.example"}
    heard = json.loads(proxy.ask("GET", "https://superset.example/x?y=z", headers=lie).data)
    public = f"superset.example:{proxy.https_port}"
    assert heard["path"] == "/x?y=z"
    assert heard["headers"]["X-Forwarded-For"] == heard["headers"]["X-Real-IP"] == "127.0.0.1"
    assert heard["headers"]["X-Forwarded-Proto"] == "https"
    assert heard["headers"]["X-Forwarded-Host"] == heard["headers"]["Host"] == public
    assert re.fullmatch("[0-9a-f]{32}", heard["headers"]["X-Request-ID"])


def test_large_answers_are_packed(proxy: Proxy):
    """When the client can unpack them."""
    packed = proxy.ask("GET", "https://airflow.example/", headers={"Accept-Encoding": "gzip"}, decode_content=False)
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in proxy.ask("GET", "https://airflow.example/").headers


def test_websockets_pass(proxy: Proxy, tls: Path):
    """The handshake and what follows."""
    context = ssl.create_default_context(cafile=str(tls / "ca.crt"))
    with (
        socket.create_connection(("127.0.0.1", proxy.https_port), timeout=20) as plain,
        connect("wss://airflow.example/socket", sock=plain, ssl=context, server_hostname="airflow.example") as opened,
    ):
        assert opened.recv(timeout=20) == "hello"


def test_each_path_leads_to_its_application_as_it_is(by_path: Proxy):
    """The path stays whole: the applications know where they are. What neither owns is nobody's."""
    for path in ("/airflow/dags", "/dashboards", "/dashboards/login/?next=x"):
        answer = by_path.ask("GET", f"https://tarmac.example{path}")
        assert json.loads(answer.data)["path"] == path
    for path in ("/", "/airflows/", "/execution/", "/airflow/execution/task-instances", "/airflow/%65xecution/x"):
        assert by_path.ask("GET", f"https://tarmac.example{path}").status == 404


def test_a_link_that_forgets_supersets_path_is_led_there(by_path: Proxy, proxy: Proxy):
    """Superset 6.1 has some, and dashboards link to dashboards. By host name there is nothing to forget."""
    answer = by_path.ask("POST", "https://tarmac.example/superset/log/?explode=events", body=b"{}")
    assert answer.status == 307
    where = f"https://tarmac.example:{by_path.https_port}/dashboards/superset/log/?explode=events"
    assert answer.headers["Location"] == where
    assert proxy.ask("GET", "https://superset.example/superset/welcome/").status == 200


def test_an_unknown_address_says_where_the_applications_are(by_path: Proxy):
    """A page to a browser."""
    answer = by_path.ask("GET", "https://tarmac.example/", headers=BROWSER)
    page = answer.data.decode()
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "<h1>There is nothing at this address</h1>" in page
    assert "Airflow is at https://tarmac.example/airflow/ and Superset at https://tarmac.example/dashboards/." in page


def test_too_many_log_ins_are_slowed(proxy: Proxy):
    """The sixth in a row is told to wait; looking at the page, and the other pages, are not counted."""
    log_ins = [
        ("https://airflow.example/auth/login/", "https://airflow.example/auth/token"),
        ("https://superset.example/login/", "https://superset.example//api/v1/security/%6cogin"),
    ]
    began = time.monotonic()
    answers = [proxy.ask("POST", url, body=b"{}") for pair in log_ins for url in pair * 5]
    statuses = [answer.status for answer in answers]
    assert statuses[:5] == [200] * 5
    assert statuses.count(200) <= most_log_ins_since(began)
    refused = answers[statuses.index(429)]
    assert refused.headers.getlist("Retry-After") == ["60"]
    assert "Too many log-ins from your address. Wait a minute" in json.loads(refused.data)["message"]
    for page in (*log_ins[0], *log_ins[1]):
        assert proxy.ask("GET", page).status == 200
    assert proxy.ask("POST", "https://superset.example/api/v1/chart/data", body=b"{}").status == 200


def test_an_application_that_does_not_run_is_named(broken: Proxy):
    """To people as a page, to programs as JSON; the log has the reason."""
    page = broken.ask("GET", "https://airflow.example/", headers=BROWSER)
    assert page.status == 502
    assert "<h1>Airflow cannot be reached</h1>" in page.data.decode()
    told = json.loads(broken.ask("GET", "https://airflow.example/api/v2/dags").data)
    assert told["status"] == 502
    assert "Airflow cannot be reached" in told["message"]
    assert "Connection refused" in broken.error_log


def test_an_application_that_does_not_answer_is_named(broken: Proxy):
    """After the proxy's own limit, which is the last of all."""
    page = broken.ask("GET", "https://superset.example/silent", headers=BROWSER)
    assert page.status == 504
    assert "<h1>Superset did not answer in time</h1>" in page.data.decode()


def test_what_is_too_large_is_told(broken: Proxy):
    """Before it is sent."""
    answer = broken.ask("POST", "https://superset.example/x", headers={"Content-Length": "70000000"}, body=b"")
    assert answer.status == 413
    assert "This is more than 64 MB" in json.loads(answer.data)["message"]


@pytest.mark.parametrize("wrong", ["authority", "name"])
def test_an_application_with_the_wrong_certificate_gets_nothing(nginx: None, tls: Path, tmp_path: Path, wrong: str):
    """Of another authority, or ours for another name: passwords do not go there."""
    other = tmp_path / "other" if wrong == "authority" else tls
    certify(other, f"wrong-{wrong}", "airflow" if wrong == "authority" else "elsewhere")
    with running_echo(other, f"wrong-{wrong}") as upstream:
        settings = HOSTS | {"AIRFLOW_UPSTREAM": upstream}
        with running_nginx(tmp_path, tls, settings) as proxy:
            assert proxy.ask("GET", "https://airflow.example/").status == 502
            reason = "unable to verify" if wrong == "authority" else "does not match"
            assert reason in proxy.error_log


def test_the_access_log_keeps_no_secrets(proxy: Proxy):
    """Neither query nor referrer."""
    proxy.ask(
        "GET", "https://airflow.example/logged?token=abc123", headers={"Referer": "https://x.example/?code=def456"}
    )
    wait_until(lambda: "/logged " in proxy.access_log)  # written after the answer is sent
    assert "abc123" not in proxy.access_log
    assert "def456" not in proxy.access_log


def _handshake(port: int, *offer: str) -> bool:
    done = subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-servername", "airflow.example", *offer],
        input=b"",
        capture_output=True,
        timeout=60,
        check=False,
    )
    return done.returncode == 0


@contextmanager
def _lax_server(tls: Path) -> Iterator[int]:
    """The port of a server that takes every version and cipher."""
    port = free_port()
    command = ["openssl", "s_server", "-port", str(port), "-cipher", "ALL:@SECLEVEL=0", "-quiet"]
    pair = ["-cert", str(tls / "rsa.crt"), "-key", str(tls / "rsa.key")]
    second = ["-dcert", str(tls / "proxy.crt"), "-dkey", str(tls / "proxy.key")]
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=rsa"]
    subprocess.run(
        [*make, "-out", str(tls / "rsa.crt"), "-keyout", str(tls / "rsa.key")], check=True, capture_output=True
    )
    with subprocess.Popen([*command, *pair, *second], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as server:
        try:
            wait_for_port(port, server)
            yield port
        finally:
            server.kill()
