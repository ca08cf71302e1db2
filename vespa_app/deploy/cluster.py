"""How large the application is made: its machines, copies and threads, in services.xml.

The files that lie in the repository are changed by their text, so that their comments and lines
stay. What Vespa accepts of it is shown by tests/vespa_java/test_cluster.py.
"""

import re
from dataclasses import dataclass

from index.errors import WrongUseError
from vespa_app.deploy.application_files import HOSTS, SERVICES, Package

THREADS = 4
"""That share one query's pages, as services.xml has it and says why."""

_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?")

_NODES = '<nodes count="1"/>'
_REDUNDANCY = "<min-redundancy>{}</min-redundancy>"
_PERSEARCH = "<persearch>{}</persearch>"
_ADMIN = '  <admin version="2.0">\n    <adminserver hostalias="node0"/>\n  </admin>\n\n'
_CONTAINER = "  <container "


@dataclass(frozen=True)
class Cluster:
    """What the application runs on. As it stands: one machine, which Vespa chooses.

    Attributes:
        nodes: how many machines, which Vespa Cloud picks; or their host names, of a Vespa of one's
            own. The place of a name is its distribution key: by it the machine knows which pages
            are its own, so a new one goes to the end.
        redundancy: copies of each page, on as many machines.
        threads: that share one query's pages on a machine.
    """

    nodes: int | tuple[str, ...] = 1
    redundancy: int = 1
    threads: int = THREADS

    @property
    def hosts(self) -> tuple[str, ...]:
        """The machines that have a name here."""
        return self.nodes if isinstance(self.nodes, tuple) else ()

    @property
    def n_nodes(self) -> int:
        """How many machines, with names or without."""
        return len(self.nodes) if isinstance(self.nodes, tuple) else self.nodes


def parsed_nodes(text: str) -> int | tuple[str, ...]:
    """A number of machines, or their names with commas in between.

    Raises:
        WrongUseError: it is neither.

    >>> parsed_nodes("2"), parsed_nodes("vespa0.example,vespa1.example")
    (2, ('vespa0.example', 'vespa1.example'))
    """
    if text.isdecimal() and int(text) > 0:
        return int(text)
    names = tuple(name.strip() for name in text.split(","))
    wrong = [name for name in names if not _HOST.fullmatch(name) or name.isdecimal()]
    if wrong:
        raise WrongUseError(
            f"--nodes {text}: {wrong[0]!r} is no host name. Give a number, or names with commas in "
            "between: --nodes vespa0.example,vespa1.example"
        )
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise WrongUseError(f"--nodes {text} names {twice[0]} twice. Name each machine once.")
    return names


def sized(package: Package, cluster: Cluster) -> dict[str, bytes]:
    """The package for so many machines, copies and threads.

    Raises:
        WrongUseError: more copies than machines, which Vespa would take and not make.
    """
    if cluster.redundancy > cluster.n_nodes:
        raise WrongUseError(
            f"--redundancy {cluster.redundancy} asks for {cluster.redundancy} copies of each page "
            f"on as many machines, and there {'is' if cluster.n_nodes == 1 else 'are'} "
            f"{cluster.n_nodes}. Lower it, or give more with --nodes."
        )
    services = package[SERVICES].decode()
    before, between, after = services.split(_NODES)  # the container's, then the content's
    services = f"{before}{_nodes(cluster)}{between}{_nodes(cluster, holds_pages=True)}{after}"
    services = _replaced(services, _REDUNDANCY.format(1), _REDUNDANCY.format(cluster.redundancy))
    services = _replaced(services, _PERSEARCH.format(THREADS), _PERSEARCH.format(cluster.threads))
    if not cluster.hosts:
        return {**package, SERVICES: services.encode()}
    services = _replaced(services, _CONTAINER, _ADMIN + _CONTAINER)
    return {**package, HOSTS: _hosts_xml(cluster.hosts), SERVICES: services.encode()}


def _nodes(cluster: Cluster, *, holds_pages: bool = False) -> str:
    if not cluster.hosts:
        return _NODES.replace("1", str(cluster.n_nodes))
    lines = (
        f'      <node hostalias="node{key}"' + f' distribution-key="{key}"' * holds_pages + "/>\n"
        for key in range(cluster.n_nodes)
    )
    return f"<nodes>\n{''.join(lines)}    </nodes>"


def _hosts_xml(hosts: tuple[str, ...]) -> bytes:
    lines = (
        f'  <host name="{host}">\n    <alias>node{key}</alias>\n  </host>\n'
        for key, host in enumerate(hosts)
    )
    header = '<?xml version="1.0" encoding="utf-8" ?>'
    return f"{header}\n<hosts>\n{''.join(lines)}</hosts>\n".encode()


def _replaced(text: str, old: str, new: str) -> str:
    if text.count(old) != 1:
        raise AssertionError(f"{SERVICES} holds {old!r} {text.count(old)} times")
    return text.replace(old, new)
