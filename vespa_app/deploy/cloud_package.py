"""The package for production in Vespa Cloud: who may ask, where it runs, and enough machines.

The dev zone needs none of this: it gives one machine, and pyvespa adds the certificate.
"""

from index.errors import WrongUseError
from vespa_app.deploy.application_files import Package
from vespa_app.deploy.cluster import Cluster, sized

FEWEST = 2
"""Machines, and copies of each page: of one Vespa says that it loses data, and refuses it."""

_DEPLOYMENT = b"""\
<?xml version="1.0" encoding="utf-8" ?>
<!-- Where it runs. The regions: https://docs.vespa.ai/en/operations/zones.html -->
<deployment version="1.0">
  <prod>
    <region>aws-us-east-1c</region>
  </prod>
</deployment>
"""


def production_package(package: Package, cluster: Cluster, certificate: bytes) -> dict[str, bytes]:
    """The package as Vespa Cloud takes it for production.

    Args:
        package: as it lies.
        cluster: a number of machines, not names.
        certificate: PEM of who may read and write.

    Raises:
        WrongUseError: Vespa would refuse it, for its machines or copies.
    """
    if cluster.hosts:
        raise WrongUseError(
            f"--nodes {','.join(cluster.hosts)}: Vespa Cloud picks the machines itself. Say how "
            f"many: --nodes {max(cluster.n_nodes, FEWEST)}"
        )
    for option, value in (("--nodes", cluster.n_nodes), ("--redundancy", cluster.redundancy)):
        if value < FEWEST:
            raise WrongUseError(
                f"{option} {value}: Vespa Cloud refuses less than {FEWEST} in production, as a "
                f"machine that fails would take pages with it. Leave it out, or give {FEWEST}."
            )
    added = {"deployment.xml": _DEPLOYMENT, "security/clients.pem": certificate}
    return sized(package, cluster) | added
