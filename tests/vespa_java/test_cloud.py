"""The packages for Vespa Cloud, by Vespa's validators as its config servers run them."""

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest

from index.errors import ServerError
from pagelens.main import main
from tests.vespa_java.certificates import key_and_certificate
from tests.vespa_java.jvm import VespaError, VespaJava
from tests.vespa_java.test_cluster import prepare, surprising
from vespa_app.deploy import targets
from vespa_app.deploy.application_files import SERVICES, application_package
from vespa_app.deploy.cluster import THREADS, Cluster, sized
from vespa_app.deploy.targets import deploy_to_cloud

CERTIFICATE, DEPLOYMENT = "security/clients.pem", "deployment.xml"
NO_CERTIFICATE = "Client certificate authority security/clients.pem is missing"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Of somebody with a key and a certificate for team.app, and without the Vespa CLI."""
    monkeypatch.setattr("vespa.deployment.VESPA_HOME", tmp_path)
    monkeypatch.setenv("VESPA_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    key, certificate = key_and_certificate()
    monkeypatch.setenv("VESPA_CLI_API_KEY", key.decode())
    folder = tmp_path / "team.app.default"
    folder.mkdir(parents=True)
    (folder / "data-plane-private-key.pem").write_bytes(key)
    (folder / "data-plane-public-cert.pem").write_bytes(certificate)
    return tmp_path


@pytest.fixture
def exported(home: Path) -> Path:
    """What `pagelens deploy --cloud team.app --export DIR` writes: the package for production."""
    with pytest.raises(SystemExit) as exit_:
        main(["deploy", "--cloud", "team.app", "--export", "app"])
    assert exit_.value.code == 0
    return home / "app"


def test_production_takes_the_export(vespa_java: VespaJava, exported: Path) -> None:
    prepared = vespa_java.call("prepare", application=str(exported), cloud="prod")
    assert surprising(prepared) == []
    assert list(prepared["nodes"]) == ["0", "1"]
    assert prepared["regions"] == ["aws-us-east-1c"]


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        pytest.param(CERTIFICATE, None, None, NO_CERTIFICATE, id="no certificate"),
        pytest.param(
            SERVICES,
            "<min-redundancy>2",
            "<min-redundancy>1",
            "content cluster 'pages' has redundancy 1, which will cause it to lose data",
            id="one copy",
        ),
        pytest.param(
            SERVICES,
            '<nodes count="2"/>',
            '<nodes count="1"/>',
            "container cluster 'default' has less than 2 nodes",
            id="one machine",
        ),
        pytest.param(DEPLOYMENT, "</prod>", "</production>", "deployment.xml", id="deployment"),
    ],
)
def test_production_refuses_what_is_incomplete(
    vespa_java: VespaJava, exported: Path, file: str, old: str | None, new: str, message: str
) -> None:
    path = exported / file
    if old is None:
        path.unlink()
    else:
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(VespaError) as error:
        vespa_java.call("prepare", application=str(exported), cloud="prod")
    assert message in str(error.value)


@pytest.fixture
def uploaded(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What pyvespa sends to the dev zone for `pagelens deploy --cloud team.app`."""
    zips: list[bytes] = []

    def keep(self: object, *_: object, application_zip_bytes: io.BytesIO, **__: object) -> Any:
        zips.append(application_zip_bytes.getvalue())
        raise RuntimeError("nothing is sent")

    monkeypatch.setattr(targets, "check_network", lambda: None)
    monkeypatch.setattr("vespa.deployment.VespaCloud._start_deployment", keep)
    with pytest.raises(ServerError, match="nothing is sent"):
        deploy_to_cloud("team.app", None, THREADS, lambda _: None)
    with zipfile.ZipFile(io.BytesIO(zips[0])) as archive:
        archive.extractall(home / "sent")
    return home / "sent"


def test_the_dev_zone_takes_what_pyvespa_sends(vespa_java: VespaJava, uploaded: Path) -> None:
    assert (uploaded / CERTIFICATE).exists()
    prepared = vespa_java.call("prepare", application=str(uploaded), cloud="dev")
    assert surprising(prepared) == []


@pytest.mark.parametrize("zone", ["dev", "prod"])
def test_no_zone_takes_the_package_for_a_vespa_of_ones_own(
    vespa_java: VespaJava, tmp_path: Path, zone: str
) -> None:
    with pytest.raises(VespaError, match=NO_CERTIFICATE):
        prepare(vespa_java, tmp_path, sized(application_package(), Cluster()), cloud=zone)
