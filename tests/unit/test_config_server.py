"""A config server that takes the application, and every way in which one can fail."""

import socket
from collections.abc import Callable, Iterator
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
from tests.faults.fake_config_server import (
    ACTIVATE,
    CONVERGE,
    HOST,
    PREPARE,
    SERVICES,
    STATUS,
    UPLOAD,
    FakeConfigServer,
)
from vespa_app.deploy import config_server
from vespa_app.deploy.application_files import application_package, packed
from vespa_app.deploy.change import Change
from vespa_app.deploy.cluster import Cluster, sized
from vespa_app.deploy.config_server import deploy_to_config_server
from vespa_app.endpoint import checked_url
from vespa_app.patience import Patience


def silent(_: str) -> None:
    """Nobody watches."""


def agreed(_: Change) -> None:
    """Whatever changes."""


def hand_over(
    server: FakeConfigServer,
    cluster: Cluster = Cluster(),  # noqa: B008 - it is frozen
    confirm: Callable[[Change], None] = agreed,
    **others: Any,
) -> str:
    return deploy_to_config_server(
        server.url, cluster, silent, confirm, patience=Patience(0.0), poll_every_s=0.0, **others
    )


@pytest.fixture
def server() -> Iterator[FakeConfigServer]:
    with FakeConfigServer() as fake:
        yield fake


def test_the_package_is_uploaded_and_the_index_named(server: FakeConfigServer) -> None:
    server.n_polls_behind = 2
    reported: list[str] = []
    index = deploy_to_config_server(
        server.url + "/", Cluster(), reported.append, agreed, poll_every_s=0.0
    )
    assert index == f"http://127.0.0.1:{server.port}"
    assert server.uploads == [("application/zip", packed(application_package()))]
    assert server.requests == [f"POST {UPLOAD}", f"PUT {PREPARE}", f"PUT {ACTIVATE}"]
    assert reported == [
        "Handing the application to Vespa",
        "Waiting for Vespa's services, 1 of 2 run",
        "Waiting for Vespa's services, 1 of 2 run",
    ]


def test_a_published_port_is_where_the_index_is(server: FakeConfigServer) -> None:
    there = f"http://localhost:{server.port}"
    assert hand_over(server, index_url=there) == there


def change(server: FakeConfigServer, cluster: Cluster = Cluster()) -> Change:  # noqa: B008
    """What is told of a deployment before it is made."""
    told: list[Change] = []

    def stop(change: Change) -> None:
        told.append(change)
        raise WrongUseError("no")

    with pytest.raises(WrongUseError):
        hand_over(server, cluster, stop)
    assert server.requests[-1] == f"PUT {PREPARE}"  # it was not activated
    return told[0]


def test_what_vespa_says_is_told_before_it_is_activated(server: FakeConfigServer) -> None:
    server.log = [
        {"time": 1, "level": "WARNING", "message": "paged is\n new"},
        {"time": 1, "level": "INFO", "message": "hello"},
        {
            "time": 1,
            "level": "WARNING",
            "message": "Change(s) between active and new application that require restart:\nIn",
        },
    ]
    node = {"serviceName": "searchnode", "serviceType": "searchnode", "configId": "pages/search"}
    server.actions = {
        "restart": [
            {
                "clusterName": "pages",
                "clusterType": "search",
                "serviceType": "searchnode",
                "messages": ["# Number of threads\nnumthreadspersearch has changed from 4 to 8"],
                "services": [node | {"hostName": "vespa1"}, node | {"hostName": "vespa0"}],
            }
        ],
        "refeed": [
            {
                "name": "field-type-change",
                "documentType": "page",
                "clusterName": "pages",
                "messages": ["Field 'title' changed"],
                "services": [],
            }
        ],
        "reindex": [{"clusterName": "pages", "documentType": "page", "messages": ["a", "b"]}],
    }
    assert change(server) == Change(
        messages=(
            "Warning: paged is new",
            "Takes effect when searchnode is restarted on vespa0, vespa1 "
            '("vespa-stop-services && vespa-start-services" there, or restart the container): '
            "numthreadspersearch has changed from 4 to 8",
            "Takes effect when page in pages is indexed again "
            "(see https://docs.vespa.ai/en/operations/reindexing.html): a; b",
        ),
        losses=(
            "page in pages must be fed again (Field 'title' changed). Save it first: "
            "pagelens export FILE.jsonl.",
        ),
    )


def is_deployed(server: FakeConfigServer, cluster: Cluster) -> None:
    """As if `pagelens deploy` had put it there."""
    package = sized(application_package(), cluster)
    server.deployed = {
        name: package[name].decode() for name in ("services.xml", "hosts.xml") if name in package
    }


@pytest.mark.parametrize(
    ("before", "after", "lost"),
    [
        pytest.param(Cluster(), Cluster(), None, id="the same"),
        pytest.param(Cluster(), Cluster(threads=8), None, id="more threads"),
        pytest.param(Cluster(("a", "b")), Cluster(("a", "b", "c"), 2), None, id="more machines"),
        pytest.param(Cluster(), Cluster((HOST, "b")), None, id="the machine it is on, and more"),
        pytest.param(
            Cluster(("a", "b", "c"), 2, 16),
            Cluster(),
            "3 machines become 1; 2 copies of each page become 1; 16 threads a query become 4. To "
            "keep it: --nodes a,b,c --redundancy 2 --threads 16.",
            id="the defaults",
        ),
        pytest.param(
            Cluster(threads=8),
            Cluster(threads=4),
            "8 threads a query become 4. To keep it: --threads 8.",
            id="fewer threads",
        ),
        pytest.param(
            Cluster(("a", "b")),
            Cluster(("b", "a")),
            "b takes the place of a, and what a holds is not found there; a takes the place of b, "
            "and what b holds is not found there. To keep it: --nodes a,b.",
            id="another order",
        ),
        pytest.param(
            Cluster(),
            Cluster(("other", HOST)),
            f"other takes the place of {HOST}, and what {HOST} holds is not found there. To keep "
            f"it: --nodes {HOST}.",
            id="another machine first",
        ),
    ],
)
def test_what_an_application_would_lose_is_told_before(
    server: FakeConfigServer, before: Cluster, after: Cluster, lost: str | None
) -> None:
    is_deployed(server, before)
    expected = (f"The application that is deployed would lose: {lost}",) if lost else ()
    assert change(server, after) == Change(losses=expected)


GROUPED = """<services version="1.0">
  <content id="pages" version="1.0">
    <redundancy>2</redundancy>
    <group>
      <distribution partitions="1|*"/>
      <group name="a" distribution-key="0"><node hostalias="n" distribution-key="0"/></group>
      <group name="b" distribution-key="1"><node hostalias="m" distribution-key="1"/></group>
    </group>
  </content>
</services>"""


def test_groups_are_not_ours_to_keep(server: FakeConfigServer) -> None:
    server.deployed = {"services.xml": GROUPED}
    assert change(server).losses == (
        "The application that is deployed would lose: 2 groups become 1; 2 machines become 1; 2 "
        "copies of each page become 1. To keep it: its services.xml is not one of Pagelens: hand "
        "over your own with the Vespa CLI.",
    )


@pytest.mark.parametrize("services", ["<services", "<services><container/></services>"])
def test_of_another_application_nothing_is_said(server: FakeConfigServer, services: str) -> None:
    server.deployed = {"services.xml": services}
    assert change(server) == Change()


def test_a_config_server_that_does_not_show_what_is_deployed(server: FakeConfigServer) -> None:
    server.fail(SERVICES, says(500, {"message": "broken"}))
    with pytest.raises(ServerError) as caught:
        hand_over(server)
    assert str(caught.value).startswith(
        f"Cannot look at what is deployed at {server.url}: HTTP 500 (not in Vespa's words: "
    )
    assert server.requests[-1] == f"PUT {PREPARE}"


def test_a_session_that_is_not_activated_is_told(server: FakeConfigServer) -> None:
    server.fail(ACTIVATE, says(409, {"message": "Session 6 was activated"}))
    with pytest.raises(ServerError) as caught:
        hand_over(server)
    assert str(caught.value) == (
        f"Cannot deploy at {server.url}: Vespa refuses (HTTP 409): Session 6 was activated. "
        "Somebody deploys at the same time. Run the same command again later."
    )


REMEDY_ADDRESS = "Is this the address of a config server (port 19071, not 8080)?"


@pytest.mark.parametrize("path", [UPLOAD, PREPARE])
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
            "Where it asks for a newer Vespa, update that (of a container: docker pull "
            "docker.io/vespaengine/vespa:8 && docker rm -f pagelens; the index stays) and run the "
            'same command again. Else write the package to a folder with "pagelens deploy --export '
            'DIR", change there what Vespa objects to, and hand it over with the Vespa CLI: vespa '
            "deploy DIR.",
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
def test_a_config_server_that_fails(
    server: FakeConfigServer, path: str, fault: Fault, message: str
) -> None:
    server.fail(path, fault)
    with pytest.raises(ServerError) as caught:
        hand_over(server)
    assert str(caught.value) == f"Cannot deploy at {server.url}: {message}"


def test_a_slow_config_server(server: FakeConfigServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config_server, "DEPLOY_TIMEOUT_S", 0.2)
    server.fail(UPLOAD, hangs())
    with pytest.raises(ServerError) as caught:
        hand_over(server)
    assert str(caught.value) == (
        f"Cannot deploy at {server.url}: no answer within 0.2 s. The server is overloaded, or a "
        f"firewall is on the way: run the same command again later. {REMEDY_ADDRESS}"
    )


def test_a_config_server_that_starts_is_waited_for(server: FakeConfigServer) -> None:
    server.fail(UPLOAD, drops(), times=2)
    patience = Patience(60.0, sleep=lambda _: None)
    index = deploy_to_config_server(
        server.url, Cluster(), silent, agreed, patience=patience, poll_every_s=0.0
    )
    assert index == f"http://127.0.0.1:{server.port}"


def test_nothing_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closing:
        port = closing.getsockname()[1]
    with pytest.raises(ServerError) as caught:
        deploy_to_config_server(
            f"http://127.0.0.1:{port}", Cluster(), silent, agreed, patience=Patience(0.0)
        )
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
        deploy_to_config_server(
            "http://vespa.example", Cluster(), silent, agreed, patience=Patience(0.0)
        )
    assert str(caught.value) == f"Cannot deploy at http://vespa.example: {message}"


def test_tls_where_there_is_none(server: FakeConfigServer) -> None:
    url = server.url.replace("http", "https")
    with pytest.raises(ServerError) as caught:
        deploy_to_config_server(url, Cluster(), silent, agreed, patience=Patience(0.0))
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
    deploy_to_config_server(server.url, Cluster(), reported.append, agreed, poll_every_s=0.0)
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
        deploy_to_config_server(url, Cluster(), silent, agreed)
    assert "secret" not in str(caught.value)
    assert url == "" or "me:" in url or url in str(caught.value)
    if "me:" not in url:
        assert str(caught.value).endswith('An address is written like "http://localhost:19071".')


def test_addresses() -> None:
    assert checked_url("https://vespa.example/prefix/") == "https://vespa.example/prefix"
    services = config_server._Services(1, True, [])
    assert services.container_url("http://[::1]:19071") == "http://[::1]:8080"
