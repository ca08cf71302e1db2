"""The connection to Vespa: credentials, retries, and the one line for each way a server fails."""

import os
import signal
import socket
import ssl
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

import vespa_app.client
from index.errors import ServerError, WrongUseError
from index.location import Location
from tests.faults.failing_server import (
    FailingServer,
    Fault,
    answers_cut_json,
    answers_half,
    does,
    drops,
    hangs,
    refuses,
    says,
    shows_a_web_page,
)
from tests.faults.fake_time import FakeTime
from vespa_app.client import VespaClient
from vespa_app.endpoint import Endpoint, endpoint_of
from vespa_app.failures import VESPA_CONTAINER, RequestFailure, connection_error
from vespa_app.patience import FIRST_CONTACT_S, LONGEST_WAIT_S, READING_S, WRITING_S, Patience

CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
KEY = "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\n"
TOKEN = "vespa_cloud_secret_4711"


@pytest.fixture
def server() -> Iterator[FailingServer]:
    with FailingServer() as server:
        yield server


@pytest.fixture
def time() -> FakeTime:
    return FakeTime()


@pytest.fixture
def client(server: FailingServer, time: FakeTime) -> Iterator[VespaClient]:
    client = VespaClient(Endpoint(server.url), time.patience())
    yield client
    client.close()


def unused_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def failure_to_connect(url: str) -> RequestFailure:
    return VESPA_CONTAINER.no_connection(url, connection_error(url))


def certificate_and_key(address: str) -> str:
    """A server's certificate that no public authority has signed, and its key, as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a house of its own")])
    now = datetime.now(timezone.utc)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))]), False)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return (certificate.public_bytes(serialization.Encoding.PEM) + secret).decode()


def put(client: VespaClient) -> None:
    client.put("put page 1", "page", "1", {"text": "x"})


# What a server answers, and what the user reads


NOT_VESPA = "Is this the address of a Vespa container (port 8080, not 19071)?"
BUSY = "The server is overloaded or restarting. Run the same command again later."
CREDENTIALS = (
    "Name the client's certificate with --cert and --key, or the endpoint's token with --token "
    "(both are sent over https only)."
)
FEED_BLOCKED = (
    "[UNKNOWN(251009) @ tcp/vespa:19112/default]: ReturnCode(NO_SPACE, External feed is blocked "
    "due to resource exhaustion: in content cluster 'pages': disk on node 0 [vespa] is 82.3% full "
    "(the configured limit is 80.0%). See https://docs.vespa.ai/en/operations/feed-block.html)"
)
"""As a Vespa of 2024 and later says it."""


@pytest.mark.parametrize(
    ("fault", "why", "remedy"),
    [
        (
            refuses(400, "Document type page does not exist"),
            "HTTP 400 (Document type page does not exist)",
            'Where another or an older application is deployed there, "pagelens deploy" puts ours.',
        ),
        (refuses(401), "HTTP 401", CREDENTIALS),
        (refuses(403, "Forbidden."), "HTTP 403 (Forbidden)", CREDENTIALS),
        (refuses(404, "Nothing at '/x'."), "HTTP 404 (Nothing at '/x')", NOT_VESPA),
        (
            says(413, {}),
            "HTTP 413",
            "The server, or a proxy before it, takes no request of this size: raise its limit.",
        ),
        (refuses(429, "Too many"), "HTTP 429 (Too many)", BUSY),
        (refuses(503), "HTTP 503", BUSY),
        (
            refuses(507, FEED_BLOCKED),
            f"HTTP 507 ({FEED_BLOCKED})",
            "Vespa takes no more documents, though searches and removals go on: its limit is a "
            "share of the whole disk or memory, whoever fills it, 80 % (75 % until March 2026). "
            "Free some, give the content nodes more, or add nodes, and run the same command again.",
        ),
        (
            refuses(507, FEED_BLOCKED + "x" * 1_000),
            f"HTTP 507 ({FEED_BLOCKED}{'x' * (1_000 - len(FEED_BLOCKED))}...)",
            "Vespa takes no more documents, though searches and removals go on: its limit is a "
            "share of the whole disk or memory, whoever fills it, 80 % (75 % until March 2026). "
            "Free some, give the content nodes more, or add nodes, and run the same command again.",
        ),
        (
            refuses(500, "a\n\tb " + "c" * 300),
            f"HTTP 500 (a b {'c' * 196}...)",
            "Look into the log on that machine: vespa-logfmt -l error,warning.",
        ),
        (says(418, [1]), "HTTP 418 (not in Vespa's words: '[1]')", NOT_VESPA),
        (
            shows_a_web_page(502),
            "HTTP 502 (not in Vespa's words: "
            "'<html> <head><title>Welcome to nginx!</title></head> </html>')",
            BUSY,
        ),
        (
            shows_a_web_page(),
            "the answer is not JSON but "
            "'<html> <head><title>Welcome to nginx!</title></head> </html>'",
            NOT_VESPA,
        ),
        (
            answers_cut_json(),
            'the answer is not JSON but \'{"root": {"id": "top\'',
            NOT_VESPA,
        ),
        (says(200, [1, 2]), "the answer is not a Vespa container's: '[1, 2]'", NOT_VESPA),
        (
            answers_half(),
            "the connection was closed before the answer was complete",
            f"The server stops or restarts: run the same command again later. {NOT_VESPA}",
        ),
        (
            drops(),
            "the connection was closed before the answer was complete",
            f"The server stops or restarts: run the same command again later. {NOT_VESPA}",
        ),
    ],
)
def test_a_failure_is_one_line_with_what_why_and_what_to_do(
    server: FailingServer, client: VespaClient, fault: Fault, why: str, remedy: str
) -> None:
    server.always("POST", "/page/", fault)
    with pytest.raises(ServerError) as raised:
        put(client)
    assert str(raised.value) == f"Cannot put page 1 at {server.url}: {why}. {remedy}"
    assert raised.value.exit_code == 6


def test_a_search_says_vespa_s_own_error(server: FailingServer, client: VespaClient) -> None:
    errors = [{"code": 4, "summary": "Invalid query parameter", "message": "No profile named 'x'"}]
    server.always("POST", "/search/", says(400, {"root": {"errors": errors}}))
    with pytest.raises(ServerError, match=r"HTTP 400 \(Invalid query parameter: No profile named"):
        client.search("search", {"yql": "select"})


def test_a_search_that_was_doomed_before_it_began(
    server: FailingServer, client: VespaClient
) -> None:
    message = "Search request soft doomed during query setup and initialization."
    errors = [{"code": 8, "summary": "Error in search reply.", "message": message}]
    server.always("POST", "/search/", says(504, {"root": {"errors": errors}}))
    with pytest.raises(ServerError) as raised:
        client.search("search", {"yql": "select"})
    assert str(raised.value) == (
        f"Cannot search at {server.url}: Vespa's time ran out before it compared a page, while it "
        "searched its graph over regions or sorted out what the filters let through (HTTP 504). "
        "Go without the graph (--candidates scan), filter less, or add nodes."
    )


def test_a_search_answer_without_a_root_is_refused(
    server: FailingServer, client: VespaClient
) -> None:
    server.always("POST", "/search/", says(200, {"hits": []}))
    with pytest.raises(
        ServerError, match="Cannot search at .*: the answer is not a Vespa container's: '{"
    ):
        client.search("search", {"yql": "select"})


@pytest.mark.parametrize("documents", [{"fields": 1}, [1], [{"fields": 1}], "x"])
def test_a_visit_that_gives_no_documents_is_refused(
    server: FailingServer, client: VespaClient, documents: object
) -> None:
    server.always("GET", "/docid/", says(200, {"documents": documents}))
    with pytest.raises(
        ServerError, match="Cannot visit at .*: the answer is not a Vespa container's"
    ):
        list(client.visit("visit", "pdf"))


def test_fields_that_are_none_are_refused(server: FailingServer, client: VespaClient) -> None:
    server.always("GET", "/page/", says(200, {"fields": [1]}))
    with pytest.raises(
        ServerError, match="Cannot read at .*: the answer is not a Vespa container's"
    ):
        client.get("read", "page", "1", "[document]")


def test_a_document_that_is_not_there_is_none(server: FailingServer, client: VespaClient) -> None:
    assert client.get("read", "page", "1", "[document]") is None
    client.update("update", "page", "1", {"text": "x"})
    client.remove("remove", "page", "1")


def test_a_document_of_empty_fields_is_there(server: FailingServer, client: VespaClient) -> None:
    server.always("GET", "/page/", says(200, {"pathId": "/", "id": "id:pagelens:page::1"}))
    assert client.get("read", "page", "1", "[document]") == {}


def test_a_visit_goes_on_where_an_answer_ended(server: FailingServer, client: VespaClient) -> None:
    part = {"documents": [{"fields": {"n": 1}}], "continuation": "AAA"}
    server.fail("GET", "/docid/", says(200, part), refuses(503))
    server.documents["/pagelens/pdf/docid/2"] = {"fields": {"n": 2}}
    assert list(client.visit("visit", "pdf")) == [{"n": 1}, {"n": 2}]
    assert ["continuation=AAA" in r.query for r in server.requests] == [False, True, True]


def test_a_hanging_server_is_given_up_once(
    server: FailingServer, client: VespaClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vespa_app.client, "ANSWER_TIMEOUT_S", 0.2)
    quick = VespaClient(Endpoint(server.url), Patience(READING_S))
    server.always("GET", "/page/", hangs())
    with pytest.raises(ServerError) as raised:
        quick.get("read page 1", "page", "1", "[document]")
    quick.close()
    assert str(raised.value) == (
        f"Cannot read page 1 at {server.url}: no answer within 0.2 s. The server is overloaded, or "
        f"a firewall is on the way: run the same command again later. {NOT_VESPA}"
    )
    assert len(server.requests) == 1


def test_a_machine_nobody_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(address: tuple[str, int], timeout: float) -> socket.socket:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "create_connection", fail)
    failure = failure_to_connect("http://no-such-machine.invalid:8080")
    assert str(failure.as_error("put page 1", "URL")) == (
        "Cannot put page 1 at URL: there is no machine named no-such-machine.invalid. "
        "Check the name in --index http://no-such-machine.invalid:8080."
    )
    assert not failure.is_passing


def test_a_server_without_tls_is_not_https(server: FailingServer, time: FakeTime) -> None:
    client = VespaClient(Endpoint(server.url.replace("http", "https")), time.patience())
    with pytest.raises(ServerError, match="no TLS connection came about. Its certificate must be"):
        put(client)
    client.close()


def test_an_authority_of_one_s_own_is_trusted_as_the_error_says(
    server: FailingServer, time: FakeTime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "own.pem"
    own.write_text(certificate_and_key("127.0.0.1"))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(own)
    server._http.socket = tls.wrap_socket(server._http.socket, server_side=True)
    endpoint = Endpoint(server.url.replace("http", "https"))
    client = VespaClient(endpoint, time.patience())
    with pytest.raises(ServerError, match="one in the file that the variable HTTPR_CA_BUNDLE name"):
        put(client)
    client.close()
    monkeypatch.setenv("HTTPR_CA_BUNDLE", str(own))
    client = VespaClient(endpoint, time.patience())
    put(client)
    client.close()


# Retries


@pytest.mark.parametrize("fault", [refuses(429), refuses(502), refuses(503), refuses(504), drops()])
def test_what_passes_is_tried_again(
    server: FailingServer, client: VespaClient, time: FakeTime, fault: Fault
) -> None:
    server.fail("POST", "/page/", fault, fault)
    put(client)
    assert server.count("POST", "/page/") == 3
    assert len(time.waits_s) == 2
    assert list(server.documents) == ["/pagelens/page/docid/1"]


@pytest.mark.parametrize("fault", [refuses(400), refuses(401), refuses(500), refuses(507)])
def test_what_does_not_pass_is_tried_once(
    server: FailingServer, client: VespaClient, fault: Fault
) -> None:
    server.always("POST", "/page/", fault)
    with pytest.raises(ServerError):
        put(client)
    assert len(server.requests) == 1


@pytest.mark.parametrize("limit_s", [READING_S, WRITING_S])
def test_retries_end_in_time_and_wait_longer_and_longer(
    server: FailingServer, time: FakeTime, limit_s: float
) -> None:
    client = VespaClient(Endpoint(server.url), time.patience(limit_s))
    server.always("POST", "/page/", refuses(503))
    with pytest.raises(ServerError):
        put(client)
    client.close()
    assert limit_s - LONGEST_WAIT_S <= time.now_s <= limit_s
    assert len(server.requests) == len(time.waits_s) + 1
    for number, wait_s in enumerate(time.waits_s):
        assert 0 <= wait_s <= min(LONGEST_WAIT_S, 0.2 * 2**number)


def test_where_nothing_succeeds_all_requests_give_up_together(
    server: FailingServer, time: FakeTime
) -> None:
    client = VespaClient(Endpoint(server.url), time.patience(WRITING_S))
    server.always("POST", "/page/", refuses(503))
    for _ in range(10):
        with pytest.raises(ServerError):
            put(client)
    client.close()
    assert time.now_s <= WRITING_S


def test_a_failure_of_an_hour_ago_is_forgotten(server: FailingServer, time: FakeTime) -> None:
    client = VespaClient(Endpoint(server.url), time.patience())
    server.always("POST", "/docid/1", refuses(503))
    with pytest.raises(ServerError):
        client.put("put", "page", "1", {})
    time.now_s += 3600
    server.fail("POST", "/docid/2", refuses(503))
    client.put("put", "page", "2", {})
    client.close()


def test_a_server_never_reached_is_given_up_soon(time: FakeTime) -> None:
    url = f"http://127.0.0.1:{unused_port()}"
    client = VespaClient(Endpoint(url), time.patience(WRITING_S))
    with pytest.raises(ServerError) as raised:
        put(client)
    client.close()
    port = url.rpartition(":")[2]
    assert str(raised.value) == (
        f"Cannot put page 1 at {url}: connection refused, nothing listens on port {port}. "
        'Is Vespa running? "pagelens deploy --local" starts one.'
    )
    assert 0 < time.now_s <= FIRST_CONTACT_S


def test_a_server_reached_before_is_waited_for(time: FakeTime) -> None:
    with FailingServer() as server:
        client = VespaClient(Endpoint(server.url), time.patience(WRITING_S))
        put(client)
        server.always("POST", "/page/", drops())  # ends the connection that is kept
        with pytest.raises(ServerError):
            put(client)
    time.waits_s.clear()
    time.now_s += 3600
    start_s = time.now_s
    with pytest.raises(ServerError, match="connection refused"):
        put(client)
    client.close()
    assert WRITING_S - LONGEST_WAIT_S <= time.now_s - start_s <= WRITING_S


def test_ctrl_c_is_heard_while_a_request_hangs(server: FailingServer, client: VespaClient) -> None:
    server.always("GET", "/page/", does(lambda: os.kill(os.getpid(), signal.SIGINT), hangs()))
    with pytest.raises(KeyboardInterrupt):
        client.get("read", "page", "1", "[document]")


def test_ctrl_c_is_heard_while_a_retry_waits(server: FailingServer) -> None:
    for_ever = threading.Event()

    def interrupted(seconds: float) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        for_ever.wait(60)

    client = VespaClient(Endpoint(server.url), Patience(WRITING_S, sleep=interrupted))
    server.always("POST", "/page/", refuses(503))
    with pytest.raises(KeyboardInterrupt):
        put(client)
    client.close()
    assert len(server.requests) == 1


def test_closing_ends_a_retry_of_another_thread(server: FailingServer) -> None:
    client = VespaClient(Endpoint(server.url), Patience(WRITING_S))
    refused = threading.Event()
    server.always("POST", "/page/", does(refused.set, refuses(503)))
    errors: list[str] = []

    def work() -> None:
        try:
            put(client)
        except ServerError as e:
            errors.append(str(e))

    thread = threading.Thread(target=work)
    thread.start()
    assert refused.wait(30)
    client.close()
    thread.join(30)
    assert errors == [
        f"Cannot put page 1 at {server.url}: it was stopped before it succeeded. "
        "Run the same command again."
    ]


# Addresses and credentials


@pytest.mark.parametrize("name", ["http://localhost:8080", "http://localhost:8080/", "HTTP://h//"])
def test_a_slash_at_the_end_changes_nothing(name: str) -> None:
    assert endpoint_of(Location(name), {}).url == name.rstrip("/")


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("http://", "'http://' is no address of a server."),
        ("http://:8080", "'http://:8080' is no address of a server."),
        ("http://local host:8080", "'http://local host:8080' is no address of a server."),
        ("http://h:99999", "http://h:99999 is no address of a server (Port out of range 0-65535)."),
        ("http://h:80a", "http://h:80a is no address of a server (Port could not be cast"),
        ("http://[::1", "http://[::1 is no address of a server (Invalid IPv6 URL)."),
        ("http://h:8080/?x=1", "http://h:8080/?x=1 has a part after ? or #"),
    ],
)
def test_what_is_no_address_is_refused(name: str, why: str) -> None:
    with pytest.raises(WrongUseError) as raised:
        endpoint_of(Location(name), {})
    assert str(raised.value).startswith(why)
    assert str(raised.value).endswith('An address is written like "http://localhost:8080".')


def test_a_password_in_the_address_is_refused_and_not_shown() -> None:
    with pytest.raises(WrongUseError, match="holds a user name or password") as raised:
        endpoint_of(Location("https://me:secret@example.org"), {})
    assert "secret" not in str(raised.value)


def test_vespa_s_own_port_is_named_where_another_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(address: tuple[str, int], timeout: float) -> socket.socket:
        assert address == ("127.0.0.1", 80)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", refuse)
    failure = failure_to_connect("http://127.0.0.1")
    assert failure.why == "connection refused, nothing listens on port 80"
    assert failure.remedy.endswith("Vespa's own port is 8080: --index http://127.0.0.1:8080")


@pytest.mark.parametrize(
    ("error", "reason"),
    [(TimeoutError(), "no answer to the connection"), (OSError(113, "No route"), "No route")],
)
def test_a_machine_out_of_reach(
    monkeypatch: pytest.MonkeyPatch, error: OSError, reason: str
) -> None:
    def fail(address: tuple[str, int], timeout: float) -> socket.socket:
        raise error

    monkeypatch.setattr(socket, "create_connection", fail)
    failure = failure_to_connect("https://far.example.org")
    assert failure.why == f"far.example.org cannot be reached on port 443 ({reason})"
    assert failure.remedy == (
        "Check the address in --index https://far.example.org, and firewalls on the way"
    )


def test_certificate_and_key_are_read_from_files(tmp_path: Path) -> None:
    (tmp_path / "c.pem").write_text("Bag Attributes: \u00e9\n" + CERTIFICATE, encoding="utf-8")
    (tmp_path / "k.pem").write_text(KEY)
    location = Location("https://h", tmp_path / "c.pem", tmp_path / "k.pem")
    endpoint = endpoint_of(location, {"VESPA_CLI_DATA_PLANE_CERT": "another"})
    assert (endpoint.certificate, endpoint.key) == ("Bag Attributes: \n" + CERTIFICATE, KEY)


def test_certificate_and_key_are_read_from_the_environment() -> None:
    variables = {"VESPA_CLI_DATA_PLANE_CERT": CERTIFICATE, "VESPA_CLI_DATA_PLANE_KEY": KEY}
    endpoint = endpoint_of(Location("https://h"), variables)
    assert (endpoint.certificate, endpoint.key) == (CERTIFICATE, KEY)


@pytest.mark.parametrize(
    ("cert", "key", "variables", "message"),
    [
        (
            "none.pem",
            None,
            {},
            "Cannot read --cert none.pem: No such file or directory. Name a PEM",
        ),
        ("c.pem", "none.pem", {}, "Cannot read --key none.pem: No such file or directory. Name a"),
        ("empty.pem", None, {}, "--cert empty.pem is no PEM file: it has no line with -----BEGIN."),
        (None, "c.pem", {}, "--key c.pem has no certificate. Name that with --cert, or in VESPA_"),
        (
            None,
            None,
            {"VESPA_CLI_DATA_PLANE_KEY": KEY},
            "VESPA_CLI_DATA_PLANE_KEY is set and VESPA_CLI_DATA_PLANE_CERT is not. Set both,",
        ),
    ],
)
def test_credentials_that_cannot_be_read_are_refused(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    cert: str | None,
    key: str | None,
    variables: dict[str, str],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("c.pem").write_text(CERTIFICATE)
    Path("empty.pem").write_text("")
    location = Location("https://h", cert and Path(cert), key and Path(key))
    with pytest.raises(WrongUseError) as raised:
        endpoint_of(location, variables)
    assert str(raised.value).startswith(message)


def test_a_certificate_tls_cannot_use_is_refused(time: FakeTime) -> None:
    with pytest.raises(WrongUseError, match="certificate and key cannot be used: they must be PEM"):
        VespaClient(Endpoint("https://h", CERTIFICATE, KEY), time.patience())


def test_a_token_goes_over_https_only() -> None:
    assert endpoint_of(Location("https://h", token=TOKEN + "\n"), {}).token == TOKEN
    assert endpoint_of(Location("http://h", token=TOKEN), {}).token is None


@pytest.mark.parametrize("token", ["a b", "a\nb", "\u00e9", "\x00"])
def test_a_token_no_header_can_hold_is_refused(token: str) -> None:
    with pytest.raises(WrongUseError, match="The token holds characters no token has"):
        endpoint_of(Location("https://h", token=token), {})


def test_a_token_is_sent_and_never_shown(server: FailingServer, time: FakeTime) -> None:
    endpoint = Endpoint(server.url, token=TOKEN)
    client = VespaClient(endpoint, time.patience())
    server.always("POST", "/page/", refuses(403, f"what came was: Bearer {TOKEN}"))
    with pytest.raises(ServerError, match=r"what came was: Bearer \.\.\.\)") as raised:
        put(client)
    client.close()
    assert server.requests[0].headers["authorization"] == f"Bearer {TOKEN}"
    assert TOKEN not in f"{raised.value} {endpoint} {Location(server.url, token=TOKEN)}"
