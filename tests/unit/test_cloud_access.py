"""Vespa Cloud: what is looked at before pyvespa deploys there, and how that can fail."""

import io
import socket
from pathlib import Path
from typing import Any

import httpr
import pytest
from urllib3.exceptions import HTTPError

from index.errors import MissingDependencyError, PagelensError, ServerError, WrongUseError
from vespa_app.deploy import cloud_access, targets
from vespa_app.deploy.application_files import application_package
from vespa_app.deploy.cluster import THREADS
from vespa_app.deploy.targets import deploy_to_cloud


def silent(_: str) -> None:
    """Nobody watches."""


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Where logins and certificates are; nobody is logged in, and there is no Vespa CLI."""
    monkeypatch.setenv("VESPA_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    for variable in ("VESPA_CLI_API_KEY", "VESPA_CLI_API_KEY_FILE", "https_proxy", "HTTPS_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    return tmp_path / "home"


def give_certificate(home: Path) -> None:
    folder = home / "team.app.default"
    folder.mkdir(parents=True)
    for name in ("data-plane-public-cert.pem", "data-plane-private-key.pem"):
        (folder / name).write_text("PEM")


def cloud_failure(name: str = "team.app", key_file: Path | None = None) -> PagelensError:
    with pytest.raises(PagelensError) as caught:
        deploy_to_cloud(name, key_file, THREADS, silent)
    assert "\n" not in str(caught.value)
    return caught.value


@pytest.mark.parametrize(
    "name",
    [
        "",
        "team",
        "a.b.c",
        "Team.app",
        "1team.app",
        "team.-app",
        "a--b.c",
        "default.x",
        "x.api",
        "team." + "a" * 41,
        "../x.y",
    ],
)
def test_what_is_no_application(name: str) -> None:
    error = cloud_failure(name)
    assert isinstance(error, WrongUseError)
    assert str(error) == (
        f"--cloud {name} is not TENANT.APPLICATION: two names of small letters, digits and single "
        "dashes, each beginning with a letter, at most 40 long, and not api or default. The "
        "console shows yours: https://console.vespa-cloud.com"
    )


def test_no_certificate_and_nothing_to_make_one(home: Path) -> None:
    error = cloud_failure()
    assert isinstance(error, MissingDependencyError)
    assert str(error) == (
        f"There is no client certificate for team.app ({home}/team.app.default), and no Vespa CLI "
        "to make one. To get one, install the Vespa CLI (pip install vespacli) and run the same "
        "command again."
    )


def test_no_login_and_nothing_to_make_one(home: Path) -> None:
    give_certificate(home)
    error = cloud_failure()
    assert isinstance(error, MissingDependencyError)
    assert str(error) == (
        "You are not logged in to Vespa Cloud. Name your API key with --key-file or "
        "VESPA_CLI_API_KEY_FILE, or install the Vespa CLI (pip install vespacli) and run: "
        "vespa auth login"
    )


def test_no_login_and_no_terminal(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "vespa").write_text("#!/bin/sh\n")
    (tmp_path / "vespa").chmod(0o755)
    monkeypatch.setattr("sys.stdin", io.StringIO())
    error = cloud_failure()
    assert isinstance(error, WrongUseError)
    assert str(error) == (
        "You are not logged in to Vespa Cloud, and without a terminal you cannot. Name your API "
        'key with --key-file or VESPA_CLI_API_KEY_FILE, or run "vespa auth login" in a terminal '
        "first."
    )


def test_a_key_file_that_is_none(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert str(cloud_failure(key_file=Path("none.pem"))) == (
        "Cannot read --key-file none.pem: No such file or directory. "
        "Name the file the Vespa Cloud console gave you."
    )
    Path("text.pem").write_text("hello")
    monkeypatch.setenv("VESPA_CLI_API_KEY_FILE", "text.pem")
    assert str(cloud_failure()) == (
        "VESPA_CLI_API_KEY_FILE text.pem is no private key: it has no line with PRIVATE KEY. "
        "Name the file the Vespa Cloud console gave you."
    )


def test_where_a_key_comes_from(tmp_path: Path) -> None:
    one, other = tmp_path / "one.pem", tmp_path / "other.pem"
    one.write_text("-----BEGIN PRIVATE KEY-----1")
    other.write_text("-----BEGIN PRIVATE KEY-----2")
    variables = {"VESPA_CLI_API_KEY_FILE": str(other), "VESPA_CLI_API_KEY": "3"}
    assert cloud_access.api_key(one, variables) == one.read_text()
    assert cloud_access.api_key(None, variables) == other.read_text()
    assert cloud_access.api_key(None, {"VESPA_CLI_API_KEY": "3"}) == "3"
    assert cloud_access.api_key(None, {"VESPA_CLI_API_KEY": ""}) is None


def test_no_network(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def network_that_fails(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    give_certificate(home)
    monkeypatch.setenv("VESPA_CLI_API_KEY", "a key")
    monkeypatch.setattr("socket.create_connection", network_that_fails)
    error = cloud_failure()
    assert isinstance(error, ServerError)
    assert str(error) == (
        "Vespa Cloud cannot be reached at api-ctl.vespa-cloud.com:4443 (Name or service not "
        "known). Check the network and its firewall. Without it: an index in a folder needs no "
        'Vespa, and "pagelens deploy --local" starts one on this machine.'
    )


class FakeCloud:
    """A fake of pyvespa's VespaCloud, for failures: it deploys nothing.

    Attributes:
        error: raised by `deploy`, or by the constructor where `is_early`.
    """

    error: Exception | None = None
    is_early = False
    data_cert_path, data_key_path = "/home/cert.pem", "/home/key.pem"

    def __init__(
        self, *names: str, application_root: str, key_content: str, output_file: Any
    ) -> None:
        self.output, self.root = output_file, Path(application_root)
        assert names == ("team", "app")
        print("Vespa CLI not found.")  # noqa: T201 - as pyvespa does, whatever its output_file
        if self.is_early and self.error is not None:
            raise self.error

    def deploy(self, max_wait: int) -> Any:
        written = {p.relative_to(self.root) for p in self.root.rglob("*") if p.is_file()}
        assert written == set(map(Path, application_package()))
        assert Path.cwd() == self.root.parent
        self.output.write("INFO    [10:00:00]  Deploying\nERROR   [10:00:01]  No quota\n")
        if self.error is not None:
            raise self.error

        class Served:
            end_point = "https://mtls.example"

        return Served()


@pytest.fixture
def cloud(home: Path, monkeypatch: pytest.MonkeyPatch) -> type[FakeCloud]:
    class Cloud(FakeCloud):
        pass

    give_certificate(home)
    monkeypatch.setenv("VESPA_CLI_API_KEY", "a key")
    monkeypatch.setattr("vespa.deployment.VespaCloud", Cloud)
    monkeypatch.setattr(targets, "check_network", lambda: None)
    return Cloud


CONSOLE = "Its console tells more: https://console.vespa-cloud.com"


@pytest.mark.parametrize(
    ("error", "message"),
    [
        pytest.param(
            HTTPError(
                'HTTP 403 error_text: {"error-code":"FORBIDDEN","message":"No access."} for /a'
            ),
            "Vespa Cloud does not let you deploy team.app (HTTP 403: No access). Check the "
            "tenant's name, that its console lists the key's public half, or log in again: "
            "vespa auth login",
            id="key",
        ),
        pytest.param(
            HTTPError("HTTP 400 error for /a: {'message': 'Bad services.xml'}"),
            f"Vespa Cloud refuses to deploy team.app (HTTP 400: Bad services.xml). {CONSOLE}",
            id="package",
        ),
        pytest.param(
            HTTPError("HTTP 502 error_text: <html>\n</html> for /a"),
            "Vespa Cloud refuses to deploy team.app (HTTP 502 error_text: <html> </html> for /a). "
            + CONSOLE,
            id="page",
        ),
        pytest.param(
            httpr.ConnectError("error sending request"),
            "Vespa Cloud cannot be reached at api-ctl.vespa-cloud.com:4443 (error sending "
            "request). Check the network and its firewall. Without it: an index in a folder needs "
            'no Vespa, and "pagelens deploy --local" starts one on this machine.',
            id="network",
        ),
        pytest.param(
            RuntimeError("Deployment failed; see log for details"),
            "The deployment of team.app in Vespa Cloud did not succeed (Deployment failed; see log "
            f"for details: [10:00:01] No quota). {CONSOLE}",
            id="deployment",
        ),
        pytest.param(
            TimeoutError("Deployment did not finish within 1800 seconds."),
            "The deployment of team.app in Vespa Cloud did not succeed (Deployment did not finish "
            f"within 1800 seconds: [10:00:01] No quota). {CONSOLE}",
            id="time",
        ),
    ],
)
def test_a_cloud_that_refuses(cloud: type[FakeCloud], error: Exception, message: str) -> None:
    cloud.error = error
    found = cloud_failure()
    assert isinstance(found, ServerError)
    assert str(found) == message


@pytest.mark.parametrize("error", [ValueError("no PEM"), TypeError("must be an elliptic curve")])
def test_a_key_of_another_kind(cloud: type[FakeCloud], error: Exception) -> None:
    cloud.error, cloud.is_early = error, True
    assert str(cloud_failure()) == (
        "The API key cannot be used: it must be a private key of an elliptic curve, without a "
        "password. Get one in the console (Account, Keys): https://console.vespa-cloud.com"
    )


@pytest.mark.parametrize(
    "error", [KeyError("providers"), OSError(5, "Input/output error"), EOFError()]
)
def test_a_login_of_long_ago(
    cloud: type[FakeCloud], home: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.delenv("VESPA_CLI_API_KEY")
    (home / "auth.json").write_text("{}")
    cloud.error, cloud.is_early = error, True
    assert str(cloud_failure()) == (
        f"The login in {home}/auth.json has expired or cannot be read. Make a new one with the "
        "Vespa CLI (pip install vespacli): vespa auth login"
    )


@pytest.mark.parametrize("error", [RuntimeError("exit code 1"), PermissionError("cert.pem")])
def test_a_vespa_cli_or_a_certificate_that_fails(cloud: type[FakeCloud], error: Exception) -> None:
    cloud.error, cloud.is_early = error, True
    assert str(cloud_failure()) == (
        f"The deployment of team.app in Vespa Cloud did not succeed ({error}). {CONSOLE}"
    )


def test_what_the_cloud_says_is_told_line_by_line(
    cloud: type[FakeCloud], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    reported: list[str] = []
    deployed = deploy_to_cloud("team.app", None, 16, reported.append)
    assert reported == [
        "Vespa CLI not found.",
        "INFO    [10:00:00]  Deploying",
        "ERROR   [10:00:01]  No quota",
    ]
    assert deployed == targets.DeployedInCloud(
        "https://mtls.example", "/home/cert.pem", "/home/key.pem"
    )
    assert capsys.readouterr() == ("", "")
    assert Path.cwd() == tmp_path


def test_a_question_is_shown_before_its_line_ends() -> None:
    reported: list[str] = []
    lines = targets._Lines(reported.append)
    print("Open the browser? [Y/n]", end="", file=lines)  # noqa: T201
    assert reported == []
    lines.flush()
    assert reported == ["Open the browser? [Y/n]"]
    lines.flush()
    print("\n\nSuccess", file=lines)  # noqa: T201
    assert reported[1:] == ["Success"]
