"""The package for so many machines; that Vespa takes it is shown by tests/vespa_java."""

import re

import pytest

from vespa_app.deploy.application_files import HOSTS, SERVICES, application_package
from vespa_app.deploy.change import DeployedCluster, deployed_cluster
from vespa_app.deploy.cluster import Cluster, sized

PACKAGE = application_package()
CLUSTERS = [
    Cluster(),
    Cluster(threads=1),
    Cluster(("a",)),
    Cluster(("vespa0.example", "10.0.0.7"), 2, 16),
    Cluster(tuple(f"m{key}" for key in range(12)), 3),
]


def test_the_defaults_change_nothing() -> None:
    assert sized(PACKAGE, Cluster()) == PACKAGE


@pytest.mark.parametrize("cluster", CLUSTERS)
def test_what_was_written_is_read_back(cluster: Cluster) -> None:
    package = sized(PACKAGE, cluster)
    hosts = package[HOSTS].decode() if HOSTS in package else None
    read = deployed_cluster(package[SERVICES].decode(), hosts, None)
    assert read == DeployedCluster(cluster, 1)


@pytest.mark.parametrize("cluster", [*CLUSTERS, Cluster(3, 2)])
def test_comments_stay_and_other_files_are_as_they_lie(cluster: Cluster) -> None:
    package = sized(PACKAGE, cluster)
    comments = [re.findall(rb"(?s)<!--.*?-->", p[SERVICES]) for p in (PACKAGE, package)]
    assert comments[0] == comments[1] != []
    changed = {path for path in package if package[path] != PACKAGE.get(path)}
    assert changed <= {SERVICES, HOSTS}


def test_a_number_of_machines_is_of_both_clusters() -> None:
    services = sized(PACKAGE, Cluster(3))[SERVICES].decode()
    assert services.count('<nodes count="3"/>') == 2
