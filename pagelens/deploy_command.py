"""`pagelens deploy`: the Vespa application to where it runs, or into a folder."""

import json
import shlex
import time
from dataclasses import dataclass
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape

from index.errors import WrongUseError
from index.wording import count, duration
from pagelens.deploy_watcher import DeployWatcher
from pagelens.terminal import terminal
from vespa_app.deploy.application_files import (
    Package,
    application_package,
    export_package,
)
from vespa_app.deploy.cloud_access import checked_name, client_certificate
from vespa_app.deploy.cloud_package import FEWEST, production_package
from vespa_app.deploy.cluster import THREADS, Cluster, parsed_nodes, sized
from vespa_app.deploy.config_server import deploy_to_config_server
from vespa_app.deploy.docker_engine import CONTAINER
from vespa_app.deploy.targets import deploy_local, deploy_to_cloud
from vespa_app.endpoint import CONFIG_SERVER_PORT, CONTAINER_PORT, checked_url


@dataclass(frozen=True)
class _Outcome:
    """What was done, as --json prints it, and as a person reads it after "in 3.1 s."."""

    facts: dict[str, object]
    done: str
    next: str


@click.command()
@click.option("--local", is_flag=True, help="Into a container on this machine (Docker or Podman).")
@click.option("--cloud", metavar="TENANT.APPLICATION", help="Into the dev zone of Vespa Cloud.")
@click.option(
    "--config-server",
    metavar="URL",
    help="Into a Vespa of your own, such as http://localhost:19071.",
)
@click.option(
    "--export",
    "folder",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Into a folder, for the Vespa CLI.",
)
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    metavar="PORT",
    help=f"With --local: port of the index.  [default: {CONTAINER_PORT}]",
)
@click.option(
    "--key-file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="With --cloud: API key; better set VESPA_CLI_API_KEY_FILE.  [default: a login]",
)
@click.option(
    "--nodes",
    metavar="N|HOST,HOST",
    help="Machines: how many of Vespa Cloud, or which of your own.  [default: 1]",
)
@click.option(
    "--redundancy", type=click.IntRange(1), metavar="N", help="Copies of each page.  [default: 1]"
)
@click.option(
    "--threads",
    type=click.IntRange(1),
    metavar="N",
    default=THREADS,
    show_default=True,
    help="Threads of a machine that share one query's pages.",
)
@click.option("--yes", is_flag=True, help="Go on where the application that is there loses by it.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
def deploy(
    local: bool,
    cloud: str | None,
    config_server: str | None,
    folder: Path | None,
    port: int | None,
    key_file: Path | None,
    nodes: str | None,
    redundancy: int | None,
    threads: int,
    yes: bool,
    as_json: bool,
) -> None:
    """Deploy the Vespa application.

    Name exactly one of the four places; --export DIR and --cloud together write the package for
    production in Vespa Cloud. Deploying again replaces the application and keeps what is indexed.
    With --local the index outlives the container too, in a volume: "docker rm -f pagelens" and
    "docker volume rm pagelens" remove both.
    """
    start = time.monotonic()
    _check_one_place(
        {
            "--local": local,
            "--cloud": cloud is not None and folder is None,
            "--config-server": config_server is not None,
            "--export": folder is not None,
        }
    )
    if port is not None and not local:
        raise WrongUseError("--port goes with --local alone. Leave it out.")
    if key_file is not None and (cloud is None or folder is not None):
        raise WrongUseError("--key-file goes with --cloud alone. Leave it out.")
    if yes and not (local or config_server):
        raise WrongUseError("--yes goes with --local and --config-server. Leave it out.")
    messages = terminal(stderr=True)
    watcher = DeployWatcher(messages, yes)
    if folder is None and config_server is None:
        for option, value in (("--nodes", nodes), ("--redundancy", redundancy)):
            _check_one_machine(option, value, cloud)
    if folder is not None and cloud is not None:
        outcome = _export_for_cloud(folder, cloud, nodes, redundancy, threads)
    elif folder is not None:
        outcome = _export(folder, _own_cluster(nodes, redundancy, threads))
    elif cloud is not None:
        outcome = _into_cloud(cloud, key_file, threads, messages)
    elif config_server is not None:
        cluster = _own_cluster(nodes, redundancy, threads)
        outcome = _into_config_server(config_server, cluster, watcher)
    else:
        outcome = _into_container(port, threads, watcher)
    seconds = time.monotonic() - start
    if as_json:
        click.echo(json.dumps(outcome.facts | {"seconds": round(seconds, 3)}))
        return
    console = terminal()
    console.print(escape(f"{outcome.done} in {duration(seconds)}. {outcome.next}"))


def _check_one_place(places: dict[str, bool]) -> None:
    named = [place for place, is_named in places.items() if is_named]
    if len(named) == 1:
        return
    every = (
        "--local (a container on this machine), --cloud TENANT.APPLICATION (Vespa Cloud), "
        "--config-server URL (a Vespa of your own) or --export DIR (a folder for the Vespa CLI)"
    )
    if not named:
        raise WrongUseError(f"Where to? Name one of {every}.")
    raise WrongUseError(f"{', '.join(named)} are {len(named)} places. Name one of {every}.")


def _check_one_machine(option: str, value: object, cloud: str | None) -> None:
    if value is None:
        return
    if cloud is None:
        raise WrongUseError(
            f"{option} goes with --config-server and --export: --local is one container on this "
            "machine. Leave it out."
        )
    raise WrongUseError(
        f"{option} goes with --config-server and --export: the dev zone of Vespa Cloud gives one "
        "machine, whatever is asked. Leave it out, or write the package for production: "
        f"pagelens deploy --cloud {cloud} --export DIR"
    )


def _own_cluster(nodes: str | None, redundancy: int | None, threads: int) -> Cluster:
    """What a Vespa of one's own runs on, where machines have names."""
    which = 1 if nodes is None else parsed_nodes(nodes)
    if isinstance(which, int) and which > 1:
        raise WrongUseError(
            f"--nodes {which}: a Vespa of your own must be told which machines, that of its config "
            "server first: --nodes vespa0.example,vespa1.example. A number is for Vespa Cloud: "
            f"pagelens deploy --cloud TENANT.APPLICATION --export DIR --nodes {which}"
        )
    return Cluster(which, redundancy or 1, threads)


def _export(folder: Path, cluster: Cluster) -> _Outcome:
    package = sized(application_package(), cluster)
    name = shlex.quote(str(folder))
    server = f"-t http://{cluster.hosts[0]}:{CONFIG_SERVER_PORT} " if cluster.hosts else ""
    index = f"http://{cluster.hosts[0] if cluster.hosts else 'localhost'}:{CONTAINER_PORT}"
    return _exported(
        folder,
        package,
        f"Deploy it: vespa deploy --wait 300 {server}{name}\n"
        f"Then fill it: pagelens ingest FOLDER --index {index}",
    )


def _export_for_cloud(
    folder: Path, cloud: str, nodes: str | None, redundancy: int | None, threads: int
) -> _Outcome:
    which = FEWEST if nodes is None else parsed_nodes(nodes)
    cluster = Cluster(which, redundancy or FEWEST, threads)
    certificate = client_certificate(*checked_name(cloud))
    package = production_package(application_package(), cluster, certificate)
    return _exported(
        folder,
        package,
        f"Say in its deployment.xml where it is to run, and submit it: vespa prod deploy -t cloud "
        f"-a {cloud} {shlex.quote(str(folder))}",
    )


def _exported(folder: Path, package: Package, then: str) -> _Outcome:
    kept = export_package(package, folder)
    return _Outcome(
        {
            "deployed": "export",
            "folder": str(folder),
            "files": len(package),
            "earlier_export": None if kept is None else str(kept),
        },
        f"Wrote {count(len(package), 'file')} to {folder}",
        ("" if kept is None else f"The earlier export, which differed, is kept as {kept}. ") + then,
    )


def _into_container(port: int | None, threads: int, watcher: DeployWatcher) -> _Outcome:
    with watcher:
        index = deploy_local(port, threads, watcher.report, watcher.confirm)
    return _served({"deployed": "local", "container": CONTAINER}, index, watcher)


def _into_config_server(url: str, cluster: Cluster, watcher: DeployWatcher) -> _Outcome:
    url = checked_url(url, CONFIG_SERVER_PORT)
    with watcher:
        index = deploy_to_config_server(url, cluster, watcher.report, watcher.confirm)
    return _served({"deployed": "config-server", "config_server": url}, index, watcher)


def _served(facts: dict[str, object], index: str, watcher: DeployWatcher) -> _Outcome:
    facts |= {"index": index, "messages": watcher.told}
    return _Outcome(facts, "Deployed", _fill(index, ""))


def _into_cloud(name: str, key_file: Path | None, threads: int, messages: Console) -> _Outcome:
    def report(line: str) -> None:  # no status line: a login asks in between
        messages.print(escape(line))

    deployed = deploy_to_cloud(name, key_file, threads, report)
    facts: dict[str, object] = {
        "deployed": "cloud",
        "application": name,
        "index": deployed.index,
        "certificate": deployed.certificate,
        "key": deployed.key,
    }
    credentials = f" --cert {shlex.quote(deployed.certificate)} --key {shlex.quote(deployed.key)}"
    return _Outcome(facts, "Deployed", _fill(deployed.index, credentials))


def _fill(index: str, credentials: str) -> str:
    return f"Your index is at {index}: pagelens ingest FOLDER --index {index}{credentials}"
