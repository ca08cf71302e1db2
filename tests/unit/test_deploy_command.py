"""`pagelens deploy` as a user types it."""

import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pagelens import deploy_command
from pagelens.main import main
from tests.faults.failing_server import says
from tests.faults.fake_config_server import ACTIVATE, PREPARE, FakeConfigServer
from tests.faults.fake_docker import INSPECT, FakeDocker, container
from vespa_app.deploy.application_files import application_package
from vespa_app.deploy.cluster import Cluster, sized
from vespa_app.deploy.targets import DeployedInCloud

Run = Callable[..., tuple[str, str]]


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs `pagelens deploy` in an empty folder; gives stdout and stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("VESPA_CLI_API_KEY_FILE", raising=False)

    def command(*arguments: str, expect: int = 0) -> tuple[str, str]:
        with pytest.raises(SystemExit) as exit_:
            main(["deploy", *arguments])
        out, err = capsys.readouterr()
        assert exit_.value.code == expect, out + err
        return out, err

    return command


@pytest.fixture
def server() -> Iterator[FakeConfigServer]:
    with FakeConfigServer() as fake:
        yield fake


PLACES = (
    "--local (a container on this machine), --cloud TENANT.APPLICATION (Vespa Cloud), "
    "--config-server URL (a Vespa of your own) or --export DIR (a folder for the Vespa CLI)"
)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), f"Where to? Name one of {PLACES}."),
        (
            ("--local", "--export", "app"),
            f"--local, --export are 2 places. Name one of {PLACES}.",
        ),
        (
            ("--local", "--cloud", "a.b", "--config-server", "http://x"),
            f"--local, --cloud, --config-server are 3 places. Name one of {PLACES}.",
        ),
        (
            ("--export", "app", "--port", "8081"),
            "--port goes with --local alone. Leave it out.",
        ),
        (
            ("--local", "--key-file", "key.pem"),
            "--key-file goes with --cloud alone. Leave it out.",
        ),
        (
            ("--export", "app", "--yes"),
            "--yes goes with --local and --config-server. Leave it out.",
        ),
        (
            ("--local", "--nodes", "2"),
            "--nodes goes with --config-server and --export: --local is one container on this "
            "machine. Leave it out.",
        ),
        (
            ("--cloud", "a.b", "--redundancy", "2"),
            "--redundancy goes with --config-server and --export: the dev zone of Vespa Cloud "
            "gives one machine, whatever is asked. Leave it out, or write the package for "
            "production: pagelens deploy --cloud a.b --export DIR",
        ),
        (
            ("--export", "app", "--nodes", "3"),
            "--nodes 3: a Vespa of your own must be told which machines, that of its config server "
            "first: --nodes vespa0.example,vespa1.example. A number is for Vespa Cloud: pagelens "
            "deploy --cloud TENANT.APPLICATION --export DIR --nodes 3",
        ),
        (
            ("--export", "app", "--nodes", "a.example,b_c"),
            "--nodes a.example,b_c: 'b_c' is no host name. Give a number, or names with commas in "
            "between: --nodes vespa0.example,vespa1.example",
        ),
        (
            ("--export", "app", "--nodes", "0"),
            "--nodes 0: '0' is no host name. Give a number, or names with commas in between: "
            "--nodes vespa0.example,vespa1.example",
        ),
        (
            ("--export", "app", "--nodes", "a,b,a"),
            "--nodes a,b,a names a twice. Name each machine once.",
        ),
        (
            ("--export", "app", "--nodes", "a,b", "--redundancy", "3"),
            "--redundancy 3 asks for 3 copies of each page on as many machines, and there are 2. "
            "Lower it, or give more with --nodes.",
        ),
    ],
)
def test_what_does_not_go_together(run: Run, arguments: tuple[str, ...], message: str) -> None:
    assert run(*arguments, expect=2) == ("", f"Error: {message}\n")
    assert not Path("app").exists()


def test_an_export_says_what_to_do_next(run: Run) -> None:
    n_files = len(application_package())
    said, _ = run("--export", "my app")
    assert said.startswith(f"Wrote {n_files} files to my app in ")
    assert said.endswith(
        "Deploy it: vespa deploy --wait 300 'my app'\n"
        "Then fill it: pagelens ingest FOLDER --index http://localhost:8080\n"
    )
    Path("my app/services.xml").write_text("edited")
    said, _ = run("--export", "my app")
    kept = Path("my app.before").resolve()
    assert f". The earlier export, which differed, is kept as {kept}. Deploy it: " in said


def test_an_export_for_several_machines(run: Run) -> None:
    said, _ = run("--export", "app", "--nodes", "a.example,b.example")
    assert said.endswith(
        "Deploy it: vespa deploy --wait 300 -t http://a.example:19071 app\n"
        "Then fill it: pagelens ingest FOLDER --index http://a.example:8080\n"
    )
    assert Path("app/hosts.xml").exists()


@pytest.fixture
def certificate(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The certificate that the Vespa CLI made for team.app."""
    monkeypatch.setenv("VESPA_HOME", str(tmp_path / "home"))
    folder = tmp_path / "home" / "team.app.default"
    folder.mkdir(parents=True)
    (folder / "data-plane-private-key.pem").write_text("KEY")
    certificate = folder / "data-plane-public-cert.pem"
    certificate.write_text("CERTIFICATE")
    return certificate


def test_an_export_for_production_in_vespa_cloud(run: Run, certificate: Path) -> None:
    said, _ = run("--export", "app", "--cloud", "team.app")
    assert said.endswith(
        "Say in its deployment.xml where it is to run, and submit it: "
        "vespa prod deploy -t cloud -a team.app app\n"
    )
    assert Path("app/security/clients.pem").read_bytes() == certificate.read_bytes()
    assert "<region>" in Path("app/deployment.xml").read_text(encoding="utf-8")
    services = Path("app/services.xml").read_text(encoding="utf-8")
    assert services.count('<nodes count="2"/>') == 2
    assert "<min-redundancy>2</min-redundancy>" in services
    assert not list(Path("app").rglob("*key*"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("--nodes", "1", "--redundancy", "1"),
            "--nodes 1: Vespa Cloud refuses less than 2 in production, as a machine that fails "
            "would take pages with it. Leave it out, or give 2.",
        ),
        (
            ("--redundancy", "1"),
            "--redundancy 1: Vespa Cloud refuses less than 2 in production, as a machine that "
            "fails would take pages with it. Leave it out, or give 2.",
        ),
        (
            ("--nodes", "a,b,c"),
            "--nodes a,b,c: Vespa Cloud picks the machines itself. Say how many: --nodes 3",
        ),
        (("--key-file", "key.pem"), "--key-file goes with --cloud alone. Leave it out."),
    ],
)
@pytest.mark.usefixtures("certificate")
def test_what_vespa_cloud_refuses_in_production(
    run: Run, arguments: tuple[str, ...], message: str
) -> None:
    out, err = run("--export", "app", "--cloud", "team.app", *arguments, expect=2)
    assert (out, err) == ("", f"Error: {message}\n")
    assert not Path("app").exists()


def test_vespa_cloud_takes_nothing_without_a_certificate(run: Run, certificate: Path) -> None:
    certificate.unlink()
    _, err = run("--export", "app", "--cloud", "team.app", expect=2)
    assert err == (
        f"Error: There is no client certificate for team.app ({certificate.parent}), and Vespa "
        "Cloud takes no application without. Make one with the Vespa CLI (pip install vespacli), "
        "and run this again: vespa auth cert -N -t cloud -a team.app\n"
    )
    certificate.mkdir()
    _, err = run("--export", "app", "--cloud", "team.app", expect=2)
    assert err == f"Error: Cannot read the client certificate {certificate}: Is a directory.\n"


def test_an_export_as_json(run: Run) -> None:
    said, _ = run("--export", "app", "--json")
    report = json.loads(said)
    assert report.pop("seconds") >= 0
    assert report == {
        "deployed": "export",
        "folder": "app",
        "files": len(application_package()),
        "earlier_export": None,
    }


def test_a_config_server(run: Run, server: FakeConfigServer) -> None:
    server.log = [{"level": "WARNING", "message": "[odd] schema"}]
    said, messages = run("--config-server", server.url + "/")
    index = f"http://127.0.0.1:{server.port}"
    assert said.startswith("Deployed in ")
    assert said.endswith(f" Your index is at {index}: pagelens ingest FOLDER --index {index}\n")
    assert messages == "Warning: [odd] schema\n"
    said, _ = run("--config-server", server.url, "--json")
    report = json.loads(said)
    assert report.pop("seconds") >= 0
    assert report == {
        "deployed": "config-server",
        "config_server": server.url,
        "index": index,
        "messages": ["Warning: [odd] schema"],
    }


def test_several_machines(run: Run, server: FakeConfigServer) -> None:
    run("--config-server", server.url, "--nodes", "a,b", "--redundancy", "2", "--threads", "8")
    (_, zipped) = server.uploads[0]
    with zipfile.ZipFile(io.BytesIO(zipped)) as archive:
        inside = {name: archive.read(name) for name in archive.namelist()}
    assert inside == sized(application_package(), Cluster(("a", "b"), 2, 8))


WOULD_LOSE = (
    "The application that is deployed would lose: 2 machines become 1. To keep it: --nodes a,b."
)


@pytest.fixture
def large(server: FakeConfigServer) -> FakeConfigServer:
    """A Vespa on whose two machines Pagelens is deployed."""
    package = sized(application_package(), Cluster(("a", "b")))
    server.deployed = {name: package[name].decode() for name in ("services.xml", "hosts.xml")}
    return server


def test_a_loss_without_a_terminal_needs_a_yes(run: Run, large: FakeConfigServer) -> None:
    out, err = run("--config-server", large.url, expect=2)
    assert (out, err) == ("", f"Error: {WOULD_LOSE} To go on all the same: --yes\n")
    assert f"PUT {ACTIVATE}" not in large.requests
    said, err = run("--config-server", large.url, "--yes", "--json")
    assert err == f"{WOULD_LOSE}\n"
    assert json.loads(said)["messages"] == [WOULD_LOSE]
    assert f"PUT {ACTIVATE}" in large.requests


@pytest.mark.parametrize("answer", ["y", "n"])
def test_a_loss_at_a_terminal_is_asked_about(
    run: Run, large: FakeConfigServer, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    typed = io.StringIO(f"{answer}\n")
    monkeypatch.setattr(typed, "isatty", lambda: True)
    monkeypatch.setattr("sys.stdin", typed)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    _, err = run("--config-server", large.url, expect=0 if answer == "y" else 2)
    shown = " ".join(re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", err).split())
    assert f"{WOULD_LOSE} Go on all the same? [y/N]:" in shown
    assert (f"PUT {ACTIVATE}" in large.requests) == (answer == "y")
    assert ("Error: Nothing was deployed." in err) == (answer == "n")


def test_a_restart_is_told_and_not_asked_about(run: Run, server: FakeConfigServer) -> None:
    server.actions = {
        "restart": [
            {
                "clusterName": "pages",
                "serviceType": "searchnode",
                "messages": ["threads changed"],
                "services": [{"hostName": "vespa"}],
            }
        ]
    }
    _, err = run("--config-server", server.url)
    assert err == (
        'Takes effect when searchnode is restarted on vespa ("vespa-stop-services && '
        'vespa-start-services" there, or restart the container): threads changed\n'
    )


def test_a_refusal_is_one_line_and_exit_code_6(run: Run, server: FakeConfigServer) -> None:
    server.fail(PREPARE, says(400, {"message": "No such schema"}))
    out, err = run("--config-server", server.url, "--json", expect=6)
    assert out == ""
    assert err.startswith(f"Error: Cannot deploy at {server.url}: Vespa refuses (HTTP 400): No ")
    assert len(err.splitlines()) == 1


def test_no_docker_is_one_line_and_exit_code_4(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none")
    out, err = run("--local", "--json", expect=4)
    assert out == ""
    assert err.startswith("Error: Cannot start a container: Docker does not answer at unix://")
    assert len(err.splitlines()) == 1


def test_a_running_container(
    run: Run, server: FakeConfigServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FakeDocker() as docker:
        docker.meet(INSPECT, container(port=server.port, config_server_port=server.port))
        monkeypatch.setenv("DOCKER_HOST", docker.host)
        said, messages = run("--local", "--json")
    report = json.loads(said)
    assert report.pop("seconds") >= 0
    assert report == {
        "deployed": "local",
        "container": "pagelens",
        "index": f"http://localhost:{server.port}",
        "messages": [],
    }
    assert messages == ""


def test_the_cloud_is_reported_with_its_credentials(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cloud_that_deploys(
        name: str, key_file: Path | None, threads: int, report: Callable[[str], None]
    ) -> Any:
        assert (name, key_file, threads) == ("team.app", Path("key.pem"), 4)
        report("INFO  [deploying]")
        return DeployedInCloud("https://x.example", "/my home/cert.pem", "/key.pem")

    monkeypatch.setattr(deploy_command, "deploy_to_cloud", cloud_that_deploys)
    said, messages = run("--cloud", "team.app", "--key-file", "key.pem")
    assert said.startswith("Deployed in ")
    assert said.endswith(
        "Your index is at https://x.example: pagelens ingest FOLDER --index https://x.example "
        "--cert '/my home/cert.pem' --key /key.pem\n"
    )
    assert messages == "INFO  [deploying]\n"
    said, _ = run("--cloud", "team.app", "--key-file", "key.pem", "--json")
    report = json.loads(said)
    assert report.pop("seconds") >= 0
    assert report == {
        "deployed": "cloud",
        "application": "team.app",
        "index": "https://x.example",
        "certificate": "/my home/cert.pem",
        "key": "/key.pem",
    }
