"""`pagelens deploy`: the Vespa application to where it runs, or into a folder."""

import json
import shlex
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape

from index.errors import WrongUseError
from index.wording import count, duration
from pagelens.terminal import terminal
from vespa_app.deploy.application_files import application_files, export_application
from vespa_app.deploy.config_server import Deployed, deploy_to_config_server
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
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
def deploy(
    local: bool,
    cloud: str | None,
    config_server: str | None,
    folder: Path | None,
    port: int | None,
    key_file: Path | None,
    as_json: bool,
) -> None:
    """Deploy the Vespa application.

    Name exactly one of the four places. Deploying again replaces the application and keeps what is
    indexed. With --local the index outlives the container too, in a volume: "docker rm -f pagelens"
    and "docker volume rm pagelens" remove both.
    """
    start = time.monotonic()
    _check_one_place(
        {
            "--local": local,
            "--cloud": cloud is not None,
            "--config-server": config_server is not None,
            "--export": folder is not None,
        }
    )
    if port is not None and not local:
        raise WrongUseError("--port goes with --local alone. Leave it out.")
    if key_file is not None and cloud is None:
        raise WrongUseError("--key-file goes with --cloud alone. Leave it out.")
    messages = terminal(stderr=True)
    if folder is not None:
        outcome = _export(folder)
    elif cloud is not None:
        outcome = _into_cloud(cloud, key_file, messages)
    elif config_server is not None:
        outcome = _into_config_server(config_server, messages)
    else:
        outcome = _into_container(port, messages)
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


def _export(folder: Path) -> _Outcome:
    kept = export_application(folder)
    n_files = len(application_files())
    name = shlex.quote(str(folder))
    return _Outcome(
        {
            "deployed": "export",
            "folder": str(folder),
            "files": n_files,
            "earlier_export": None if kept is None else str(kept),
        },
        f"Wrote {count(n_files, 'file')} to {folder}",
        ("" if kept is None else f"The earlier export, which differed, is kept as {kept}. ")
        + f"Deploy it: vespa deploy --wait 300 {name}\n"
        f"Then fill it: pagelens ingest FOLDER --index http://localhost:{CONTAINER_PORT}",
    )


def _into_container(port: int | None, messages: Console) -> _Outcome:
    with _progress(messages) as report:
        deployed = deploy_local(port, report)
    return _served({"deployed": "local", "container": CONTAINER}, deployed, messages)


def _into_config_server(url: str, messages: Console) -> _Outcome:
    url = checked_url(url, CONFIG_SERVER_PORT)
    with _progress(messages) as report:
        deployed = deploy_to_config_server(url, report)
    return _served({"deployed": "config-server", "config_server": url}, deployed, messages)


def _served(facts: dict[str, object], deployed: Deployed, messages: Console) -> _Outcome:
    for message in deployed.messages:
        messages.print(escape(message))
    facts |= {"index": deployed.index, "messages": deployed.messages}
    return _Outcome(facts, "Deployed", _fill(deployed.index, ""))


def _into_cloud(name: str, key_file: Path | None, messages: Console) -> _Outcome:
    def report(line: str) -> None:  # no status line: a login asks in between
        messages.print(escape(line))

    deployed = deploy_to_cloud(name, key_file, report)
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


@contextmanager
def _progress(console: Console) -> Iterator[Callable[[str], None]]:
    """A line that says what goes on; nothing where the console is not a terminal."""
    with console.status("Connecting") as status:
        yield lambda text: status.update(escape(text))
