"""`pagelens deploy` as a user types it."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pagelens import deploy_command
from pagelens.main import main
from tests.faults.failing_server import says
from tests.faults.fake_config_server import DEPLOY, FakeConfigServer
from tests.faults.fake_docker import INSPECT, FakeDocker, container
from vespa_app.deploy.application_files import application_files
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
            ("--cloud", "a.b", "--config-server", "http://x", "--export", "app"),
            f"--cloud, --config-server, --export are 3 places. Name one of {PLACES}.",
        ),
        (
            ("--export", "app", "--port", "8081"),
            "--port goes with --local alone. Leave it out.",
        ),
        (
            ("--local", "--key-file", "key.pem"),
            "--key-file goes with --cloud alone. Leave it out.",
        ),
    ],
)
def test_exactly_one_place(run: Run, arguments: tuple[str, ...], message: str) -> None:
    assert run(*arguments, expect=2) == ("", f"Error: {message}\n")
    assert not Path("app").exists()


def test_an_export_says_what_to_do_next(run: Run) -> None:
    n_files = len(application_files())
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


def test_an_export_as_json(run: Run) -> None:
    said, _ = run("--export", "app", "--json")
    report = json.loads(said)
    assert report.pop("seconds") >= 0
    assert report == {
        "deployed": "export",
        "folder": "app",
        "files": len(application_files()),
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


def test_a_refusal_is_one_line_and_exit_code_6(run: Run, server: FakeConfigServer) -> None:
    server.fail(DEPLOY, says(400, {"message": "No such schema"}))
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
    def cloud_that_deploys(name: str, key_file: Path | None, report: Callable[[str], None]) -> Any:
        assert (name, key_file) == ("team.app", Path("key.pem"))
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
