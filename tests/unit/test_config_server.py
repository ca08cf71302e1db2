"""A config server that takes the application, and every way in which one can fail."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from index.errors import ServerError, WrongUseError
from tests.faults.failing_server import (
    Fault,
    answers_cut_json,
    answers_half,
    drops,
    hangs,
    says,
    shows_a_web_page,
)
from tests.faults.fake_config_server import CONVERGE, DEPLOY, STATUS, FakeConfigServer
from vespa_app.deploy import config_server
from vespa_app.deploy.application_files import application_zip
from vespa_app.deploy.config_server import Deployed, deploy_to_config_server
from vespa_app.endpoint import checked_url
from vespa_app.patience import Patience


def silent(_: str) -> None:
    """Nobody watches."""


def hand_over(server: FakeConfigServer, **others: Any) -> Deployed:
    return deploy_to_config_server(
        server.url, silent, patience=Patience(0.0), poll_every_s=0.0, **others
    )


@pytest.fixture
def server() -> Iterator[FakeConfigServer]:
    with FakeConfigServer() as fake:
        yield fake


def test_the_package_is_uploaded_and_the_index_named(server: FakeConfigServer) -> None:
    server.n_polls_behind = 2
    reported: list[str] = []
    deployed = deploy_to_config_server(server.url + "/", reported.append, poll_every_s=0.0)
    assert deployed == Deployed(f"http://127.0.0.1:{server.port}")
    assert server.uploads == [("application/zip", application_zip())]
    assert reported == [
        "Handing the application to Vespa",
        "Waiting for Vespa's services, 1 of 2 run",
        "Waiting for Vespa's services, 1 of 2 run",
    ]


def test_a_published_port_is_where_the_index_is(server: FakeConfigServer) -> None:
    there = f"http://localhost:{server.port}"
    assert hand_over(server, index_url=there).index == there


def test_what_vespa_says_is_passed_on(server: FakeConfigServer) -> None:
    server.log = [
        {"time": 1, "level": "WARNING", "message": "paged is\n new"},
        {"time": 1, "level": "INFO", "message": "hello"},
    ]
    server.actions = {
        "restart": [
            {"clusterName": "pages", "serviceType": "searchnode", "messages": ["threads changed"]}
        ],
        "reindex": [{"clusterName": "pages", "documentType": "page", "messages": ["a", "b"]}],
    }
    assert hand_over(server).messages == (
        "Warning: paged is new",
        "The change takes effect after a restart (searchnode in pages): threads changed",
        "The change takes effect after reindexing (page in pages): a; b",
    )


REMEDY_ADDRESS = "Is this the address of a config server (port 19071, not 8080)?"


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        pytest.param(
            says(
                400,
                {
                    "error-code": "INVALIDAPPLICATION_PACKAGE",
                    "message": "Invalid application:\nIn schema page: no. " + "x" * 500,
                },
            ),
            "Vespa refuses (HTTP 400): Invalid application: In schema page: no. " + "x" * 500 + ". "
            'Write the package to a folder with "pagelens deploy --export DIR", change there what '
            "Vespa objects to, and hand it over with the Vespa CLI: vespa deploy DIR.",
            id="refused",
        ),
        pytest.param(
            says(403, {"message": "Forbidden"}),
            "Vespa refuses (HTTP 403): Forbidden. Pagelens has no credentials for a config server: "
            '"pagelens deploy --export DIR" writes the package for the tool that has.',
            id="forbidden",
        ),
        pytest.param(
            says(409, {"error-code": "ACTIVATION_CONFLICT", "message": "Session 6 was activated"}),
            "Vespa refuses (HTTP 409): Session 6 was activated. Somebody deploys at the same time. "
            "Run the same command again later.",
            id="conflict",
        ),
        pytest.param(
            says(500, {"error-code": "INTERNAL_SERVER_ERROR", "message": "NullPointerException"}),
            "Vespa refuses (HTTP 500): NullPointerException. "
            "Look into the log on that machine: vespa-logfmt -l error,warning.",
            id="broken",
        ),
        pytest.param(
            shows_a_web_page(404),
            "HTTP 404 (not in Vespa's words: '<html> <head><title>Welcome to nginx!</title></head> "
            f"</html>'). {REMEDY_ADDRESS}",
            id="page of an error",
        ),
        pytest.param(
            shows_a_web_page(),
            "the answer is not JSON but '<html> <head><title>Welcome to nginx!</title></head> "
            f"</html>'. {REMEDY_ADDRESS}",
            id="page",
        ),
        pytest.param(
            says(200, ["hello"]),
            f"the answer is not a config server's: '[\"hello\"]'. {REMEDY_ADDRESS}",
            id="list",
        ),
        pytest.param(
            says(200, {"session-id": "soon"}),
            f'the answer is not a config server\'s: \'{{"session-id": "soon"}}\'. {REMEDY_ADDRESS}',
            id="other object",
        ),
        pytest.param(
            says(503, {"message": ""}),
            "HTTP 503. The server is overloaded or restarting. Run the same command again later.",
            id="busy",
        ),
        pytest.param(
            answers_half(),
            "the connection was closed before the answer was complete. The server stops or "
            f"restarts: run the same command again later. {REMEDY_ADDRESS}",
            id="half",
        ),
        pytest.param(
            drops(),
            "the connection was closed before the answer was complete. The server stops or "
            f"restarts: run the same command again later. {REMEDY_ADDRESS}",
            id="dropped",
        ),
        pytest.param(
            answers_cut_json(),
            'the answer is not JSON but \'{"root": {"id": "top\'. ' + REMEDY_ADDRESS,
            id="cut",
        ),
    ],
)
def test_a_config_server_that_fails(server: FakeConfigServer, fault: Fault, message: str) -> None:
    server.fail(DEPLOY, fault)
    with pytest.raises(ServerError) as caught:
        hand_over(server)
    assert str(caught.value) == f"Cannot deploy at {server.url}: {message}"


def test_a_slow_config_server(server: FakeConfigServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config_server, "DEPLOY_TIMEOUT_S", 0.2)
    server.fail(DEPLOY, hangs())
    with pytest.raises(ServerError) as caught:
        hand_over(server)
    assert str(caught.value) == (
        f"Cannot deploy at {server.url}: no answer within 0.2 s. The server is overloaded, or a "
        f"firewall is on the way: run the same command again later. {REMEDY_ADDRESS}"
    )


def test_a_config_server_that_starts_is_waited_for(server: FakeConfigServer) -> None:
    server.fail(DEPLOY, drops(), times=2)
    patience = Patience(60.0, sleep=lambda _: None)
    deployed = deploy_to_config_server(server.url, silent, patience=patience, poll_every_s=0.0)
    assert deployed.index == f"http://127.0.0.1:{server.port}"


def test_nothing_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closing:
        port = closing.getsockname()[1]
    with pytest.raises(ServerError) as caught:
        deploy_to_config_server(f"http://127.0.0.1:{port}", silent, patience=Patience(0.0))
    assert str(caught.value) == (
        f"Cannot deploy at http://127.0.0.1:{port}: connection refused, nothing listens on port "
        f'{port}. Is Vespa running? "pagelens deploy --local" starts one.'
    )


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            socket.gaierror(-2, "Name or service not known"),
            "there is no machine named vespa.example. "
            "Check the name in --config-server http://vespa.example.",
        ),
        (
            ConnectionRefusedError(111, "Connection refused"),
            "connection refused, nothing listens on port 80. Is Vespa running? "
            '"pagelens deploy --local" starts one. Vespa\'s own port is 19071: '
            "--config-server http://vespa.example:19071.",
        ),
        (
            OSError(113, "No route to host"),
            "vespa.example cannot be reached on port 80 (No route to host). Check the address in "
            "--config-server http://vespa.example, and firewalls on the way.",
        ),
        (
            TimeoutError(),
            "vespa.example cannot be reached on port 80 (no answer to the connection). Check the "
            "address in --config-server http://vespa.example, and firewalls on the way.",
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_network_that_fails(
    monkeypatch: pytest.MonkeyPatch, error: OSError, message: str
) -> None:
    def network_that_fails(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("socket.create_connection", network_that_fails)
    with pytest.raises(ServerError) as caught:
        deploy_to_config_server("http://vespa.example", silent, patience=Patience(0.0))
    assert str(caught.value) == f"Cannot deploy at http://vespa.example: {message}"


def test_tls_where_there_is_none(server: FakeConfigServer) -> None:
    url = server.url.replace("http", "https")
    with pytest.raises(ServerError) as caught:
        deploy_to_config_server(url, silent, patience=Patience(0.0))
    assert str(caught.value).startswith(f"Cannot deploy at {url}: no TLS connection came about (")
    assert str(caught.value).endswith(
        "). Its certificate must be signed by an authority this machine trusts. "
        "A server without TLS is http://."
    )


def test_services_that_stay_behind(server: FakeConfigServer) -> None:
    server.n_polls_behind = 10**9
    with pytest.raises(ServerError) as caught:
        hand_over(server, limit_s=0.05)
    assert str(caught.value) == (
        f"The application is deployed at {server.url}, but after 0.05 s 1 of 2 services "
        "(searchnode on vespa-container:19110) do not run it yet. Give it time, and look into the "
        "log on that machine: vespa-logfmt -l error,warning"
    )


def test_services_that_nobody_knows(server: FakeConfigServer) -> None:
    nothing = {"services": [], "wantedGeneration": 7, "currentGeneration": -1, "converged": False}
    server.fail(CONVERGE, says(200, nothing))
    with pytest.raises(ServerError, match=r"after 0 s its services do not run it yet\. Give"):
        hand_over(server, limit_s=0)


def test_another_config_server_may_not_know_of_the_deployment_yet(
    server: FakeConfigServer,
) -> None:
    earlier = {"services": [], "wantedGeneration": 6, "currentGeneration": 6, "converged": True}
    server.fail(CONVERGE, says(200, earlier), times=1)
    reported: list[str] = []
    deploy_to_config_server(server.url, reported.append, poll_every_s=0.0)
    assert reported[1:] == ["Waiting for Vespa's services, 0 of 0 run"]


def test_a_deployment_that_cannot_be_followed(server: FakeConfigServer) -> None:
    server.fail(CONVERGE, says(200, {"converged": "maybe"}))
    with pytest.raises(ServerError) as caught:
        hand_over(server)
    assert str(caught.value) == (
        f"Cannot follow the deployment at {server.url}: the answer is not a config server's: "
        f'\'{{"converged": "maybe"}}\'. {REMEDY_ADDRESS}'
    )


@pytest.mark.parametrize("fault", [says(503, {}), shows_a_web_page(404), drops()])
def test_a_container_that_cannot_be_reached(server: FakeConfigServer, fault: Fault) -> None:
    server.fail(STATUS, fault)
    with pytest.raises(ServerError) as caught:
        hand_over(server, limit_s=0.05)
    assert str(caught.value) == (
        "The application is deployed and its services run it, but "
        f"http://127.0.0.1:{server.port} does not answer from here. Publish that port of Vespa's "
        "container, or open it in the firewall; the index is wherever it can be reached."
    )


@pytest.mark.parametrize(
    "url",
    [
        "",
        "localhost:19071",
        "ftp://localhost",
        "http://",
        "http://a b:19071",
        "http://host:port",
        "http://host:99999",
        "http://me:secret@host:19071",
        "http://host:19071?x=1",
        "http://[::1",
    ],
)
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(WrongUseError) as caught:
        deploy_to_config_server(url, lambda _: None)
    assert "secret" not in str(caught.value)
    assert url == "" or "me:" in url or url in str(caught.value)
    if "me:" not in url:
        assert str(caught.value).endswith('An address is written like "http://localhost:19071".')


def test_addresses() -> None:
    assert checked_url("https://vespa.example/prefix/") == "https://vespa.example/prefix"
    services = config_server._Services(1, True, [])
    assert services.container_url("http://[::1]:19071") == "http://[::1]:8080"
