"""Several machines, copies and threads: what Vespa makes of what `pagelens deploy` writes."""

import re
from pathlib import Path
from typing import Any

import pytest

from tests.vespa_java.certificates import key_and_certificate
from tests.vespa_java.jvm import VespaError, VespaJava
from tests.vespa_java.test_application import unexpected
from vespa_app.deploy.application_files import (
    HOSTS,
    SERVICES,
    application_package,
    write_package,
)
from vespa_app.deploy.cloud_package import production_package
from vespa_app.deploy.cluster import Cluster, sized

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = application_package()

UNKNOWN_HOST = "WARNING Unable to lookup IP address of host"
"""Of the hosts of these tests, which nobody has."""


def prepare(java: VespaJava, folder: Path, package: Any, **where: str) -> Any:
    write_package(package, folder)
    return java.call("prepare", application=str(folder), **where)


def surprising(prepared: Any) -> list[str]:
    """What a deployer would be told; INFO, as advice about copies and groups is, `deploy` hides."""
    messages = unexpected(prepared["messages"])
    return [m for m in messages if not m.startswith(("INFO", UNKNOWN_HOST))]


@pytest.mark.parametrize(
    "cluster",
    [
        Cluster(threads=1),
        Cluster(("vespa0.example",)),
        Cluster(("vespa0.example", "vespa1.example", "10.0.0.7"), 2, 16),
    ],
)
def test_machines_of_ones_own_hold_the_pages_by_their_place(
    vespa_java: VespaJava, tmp_path: Path, cluster: Cluster
) -> None:
    prepared = prepare(vespa_java, tmp_path, sized(PACKAGE, cluster))
    assert surprising(prepared) == []
    hosts = cluster.hosts or ("localhost",)
    assert prepared["nodes"] == {str(key): host for key, host in enumerate(hosts)}


def test_of_ones_own_a_number_of_machines_is_one(vespa_java: VespaJava, tmp_path: Path) -> None:
    # so `pagelens deploy` refuses it, where Vespa does not
    prepared = prepare(vespa_java, tmp_path, sized(PACKAGE, Cluster(2)))
    assert prepared["nodes"] == {"0": "localhost"}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            r"(?s)  <admin.*</admin>",
            "",
            "More than 1 host specified (2) and <admin> not specified",
        ),
        (
            r'distribution-key="1"',
            'distribution-key="0"',
            "Multiple services/instances of the id '0'",
        ),
    ],
)
def test_what_is_written_for_several_machines_is_needed(
    vespa_java: VespaJava, tmp_path: Path, old: str, new: str, message: str
) -> None:
    package = sized(PACKAGE, Cluster(("vespa0.example", "vespa1.example")))
    services = package[SERVICES].decode()
    broken, n_changed = re.subn(old, new, services)
    assert n_changed == 1
    with pytest.raises(VespaError) as error:
        prepare(vespa_java, tmp_path, package | {SERVICES: broken.encode()})
    assert message in str(error.value)


def examples() -> list[str]:
    """The XML of the page about clusters."""
    text = (ROOT / "docs/vespa-clusters.md").read_text(encoding="utf-8")
    return re.findall(r"(?s)```xml\n(.*?)```", text)


@pytest.fixture
def grouped() -> dict[str, bytes]:
    """The package for four machines, its nodes written as the page about clusters has them."""
    hosts = tuple(f"vespa{key}.example" for key in range(4))
    package = sized(PACKAGE, Cluster(hosts, 2))
    services = package[SERVICES].decode()
    nodes = re.findall(r"(?s)    <nodes>.*?</nodes>\n", services)[1]  # the content's
    assert services.count(nodes) == 1
    return package | {SERVICES: services.replace(nodes, examples()[0]).encode()}


def test_the_groups_of_the_docs_are_accepted(
    vespa_java: VespaJava, tmp_path: Path, grouped: dict[str, bytes]
) -> None:
    prepared = prepare(vespa_java, tmp_path, grouped)
    assert surprising(prepared) == []
    assert prepared["groups"] == [[0, 1], [2, 3]]
    assert prepared["nodes"] == {str(key): f"vespa{key}.example" for key in range(4)}
    assert HOSTS in grouped


def test_copies_are_as_many_for_each_group(
    vespa_java: VespaJava, tmp_path: Path, grouped: dict[str, bytes]
) -> None:
    services = grouped[SERVICES].decode().replace("redundancy>2<", "redundancy>3<")
    with pytest.raises(VespaError, match="Expected number of leaf groups"):
        prepare(vespa_java, tmp_path, grouped | {SERVICES: services.encode()})


def test_the_groups_of_the_docs_are_accepted_in_vespa_cloud(
    vespa_java: VespaJava, tmp_path: Path
) -> None:
    _, certificate = key_and_certificate()
    package = production_package(PACKAGE, Cluster(4, 2), certificate)
    container, content, rest = package[SERVICES].decode().split('<nodes count="4"/>')
    services = f'{container}<nodes count="2"/>{content}{examples()[1].strip()}{rest}'
    prepared = prepare(vespa_java, tmp_path, package | {SERVICES: services.encode()}, cloud="prod")
    assert surprising(prepared) == []
    assert list(map(len, prepared["groups"])) == [2, 2]
