"""What a deployment changes of the application that is there, before it is made.

Vespa's config server works out restarts and re-feeds; machines, copies and threads that become
fewer it does not tell of a Vespa of one's own, so these are compared here.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

from vespa_app.deploy.cluster import THREADS, Cluster
from vespa_app.failures import one_line

_SHOWN_LEVELS = ("WARNING", "ERROR", "SEVERE")
_ACTIONS_IN_LOG = "Change(s) between active and new application"
"""How Vespa's log begins what stands in the answer's actions too."""

_RESTART = '"vespa-stop-services && vespa-start-services" there, or restart the container'
_REINDEX = "see https://docs.vespa.ai/en/operations/reindexing.html"


@dataclass(frozen=True)
class Change:
    """What follows from a deployment; a line each.

    Attributes:
        messages: what is to be known, or done afterwards.
        losses: what would be gone, and how to keep it.
    """

    messages: tuple[str, ...] = ()
    losses: tuple[str, ...] = ()


@dataclass(frozen=True)
class DeployedCluster:
    """What the application that is there runs on.

    Attributes:
        cluster: by its services.xml and hosts.xml.
        n_groups: each with all pages. Only a services.xml written by hand has more than one.
    """

    cluster: Cluster
    n_groups: int


def deployed_cluster(
    services_xml: str, hosts_xml: str | None, only_host: str | None
) -> DeployedCluster | None:
    """Read what an application on a Vespa of one's own runs on.

    Args:
        services_xml: of the package that was deployed.
        hosts_xml: the same; None where it has none.
        only_host: the machine where it names none, if that is known.

    Returns:
        None where it holds no content cluster, or cannot be read: another application.
    """
    try:
        content = ElementTree.fromstring(services_xml).find("content")
        hosts = ElementTree.fromstring(hosts_xml).findall("host") if hosts_xml else []
    except ElementTree.ParseError:
        return None
    if content is None:
        return None
    names = {alias.text: host.get("name", "") for host in hosts for alias in host.iter("alias")}
    nodes = sorted(content.iter("node"), key=lambda node: int(node.get("distribution-key", 0)))
    named = tuple(names.get(node.get("hostalias"), "?") for node in nodes)
    groups = [group for group in content.iter("group") if group.find("node") is not None]
    cluster = Cluster(
        named or ((only_host,) if only_host else 1),
        _number(content, "min-redundancy") or _number(content, "redundancy") or 1,
        _number(content, ".//persearch") or 1,
    )
    return DeployedCluster(cluster, max(1, len(groups)))


def _number(content: ElementTree.Element, path: str) -> int | None:
    text = (content.findtext(path) or "").strip()
    return int(text) if text.isdecimal() else None


def losses(before: DeployedCluster, after: Cluster) -> Iterator[str]:
    """What a deployment takes away, as one line; nothing where it takes nothing."""
    was = before.cluster
    gone = [
        f"{old} {what} become {new}"  # fewer than before, so there were several
        for what, old, new in (
            ("groups", before.n_groups, 1),
            ("machines", was.n_nodes, after.n_nodes),
            ("copies of each page", was.redundancy, after.redundancy),
            ("threads a query", was.threads, after.threads),
        )
        if new < old
    ]
    gone += [
        f"{new} takes the place of {old}, and what {old} holds is not found there"
        for old, new in zip(was.hosts, after.hosts, strict=False)
        if old != new
    ]
    if not gone:
        return
    if before.n_groups > 1:
        keep = "its services.xml is not one of Pagelens: hand over your own with the Vespa CLI"
    else:
        keep = " ".join(
            option
            for option, is_needed in (
                (f"--nodes {','.join(was.hosts)}", was.hosts),
                (f"--redundancy {was.redundancy}", was.redundancy > 1),
                (f"--threads {was.threads}", was.threads != THREADS),
            )
            if is_needed
        )
    yield f"The application that is deployed would lose: {'; '.join(gone)}. To keep it: {keep}."


def messages(answer: Mapping[str, object]) -> Iterator[str]:
    """What Vespa says of a package it has prepared: warnings, and what the change asks for."""
    for line in _objects(answer.get("log")):
        text = str(line.get("message"))
        if line.get("level") in _SHOWN_LEVELS and not text.startswith(_ACTIONS_IN_LOG):
            yield one_line(f"{str(line['level']).capitalize()}: {text}")
    for action in _actions(answer, "restart"):
        hosts = sorted({str(s.get("hostName")) for s in _objects(action.get("services"))})
        where = f" on {', '.join(hosts)}" if hosts else ""
        yield one_line(
            f"Takes effect when {action.get('serviceType')} is restarted{where} ({_RESTART}): "
            f"{_reason(action)}"
        )
    for action in _actions(answer, "reindex"):
        what = f"{action.get('documentType')} in {action.get('clusterName')}"
        yield one_line(f"Takes effect when {what} is indexed again ({_REINDEX}): {_reason(action)}")


def refeeds(answer: Mapping[str, object]) -> Iterator[str]:
    """What must be fed again after a change that Vespa was told to allow."""
    for action in _actions(answer, "refeed"):
        what = f"{action.get('documentType')} in {action.get('clusterName')}"
        yield one_line(
            f"{what} must be fed again ({_reason(action)}). Save it first: "
            "pagelens export FILE.jsonl."
        )


def _actions(answer: Mapping[str, object], kind: str) -> list[dict[str, Any]]:
    actions = answer.get("configChangeActions")
    return _objects(actions.get(kind) if isinstance(actions, dict) else None)


def _reason(action: Mapping[str, object]) -> str:
    """Vespa's own words, without the comments it quotes from its definitions of settings."""
    texts = action.get("messages")
    lines = "\n".join(map(str, texts)).splitlines() if isinstance(texts, list) else []
    return "; ".join(line for line in lines if not line.startswith("#"))


def _objects(value: object) -> list[dict[str, Any]]:
    """The objects of a JSON array; none where it is something else."""
    return [v for v in value if isinstance(v, dict)] if isinstance(value, list) else []
