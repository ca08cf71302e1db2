"""From an earlier package to today's, by Vespa's change validators: what `deploy` meets.

`packages/` holds the package as it was on some days, made by "git archive --format=zip
COMMIT:vespa_app/application". That of a release is added when it is made.
"""

import re
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.vespa_java.application_copy import APPLICATION, copy_with
from tests.vespa_java.jvm import VespaError, VespaJava
from tests.vespa_java.test_application import unexpected
from vespa_app.deploy.application_files import application_package, write_package
from vespa_app.deploy.change import messages
from vespa_app.deploy.cluster import Cluster, sized
from vespa_app.wire import FORMAT_VERSION

PACKAGES = Path(__file__).parent / "packages"
OF_TODAYS_FORMAT = {
    day: [f"Document type 'pdf': Field '{name}' changed: add attribute aspect" for name in names]
    for day, names in (
        ("2026-11-27", ("title", "failures")),
        ("2026-11-28", ("title", "failures")),
    )
}
"""And what a search node has to be restarted for, which fills the new attribute by itself."""

EARLIER_FORMATS = ["2026-11-21"]
"""Their indexes are refused by Pagelens too, and ingested again into a new one."""


@pytest.fixture
def earlier(tmp_path: Path, day: str) -> Path:
    folder = tmp_path / day
    with zipfile.ZipFile(PACKAGES / f"{day}.zip") as archive:
        archive.extractall(folder)
    return folder


def test_every_package_is_tried() -> None:
    assert sorted([*OF_TODAYS_FORMAT, *EARLIER_FORMATS]) == [
        p.stem for p in sorted(PACKAGES.iterdir())
    ]
    assert FORMAT_VERSION == 3, "Move the packages of format 3 to EARLIER_FORMATS, add today's."


@pytest.mark.parametrize("day", OF_TODAYS_FORMAT)
def test_todays_package_takes_the_place_of_an_earlier_one(
    vespa_java: VespaJava, earlier: Path, day: str
) -> None:
    prepared = change(vespa_java, earlier, APPLICATION)
    assert unexpected(prepared["messages"]) == []
    assert {action["kind"] for action in prepared["actions"]} <= {"restart"}
    assert [action["message"] for action in prepared["actions"]] == OF_TODAYS_FORMAT[day]


@pytest.mark.parametrize("day", EARLIER_FORMATS)
def test_a_package_of_an_earlier_format_is_not_replaced_unnoticed(
    vespa_java: VespaJava, earlier: Path
) -> None:
    with pytest.raises(VespaError, match="indexing-change"):
        change(vespa_java, earlier, APPLICATION)


def change(java: VespaJava, before: Path, after: Path) -> Any:
    return java.call("prepare", application=str(after), previous=str(before))


def told(prepared: Any) -> list[str]:
    """Vespa's actions as `deploy` tells them; their JSON as the config server's source has it."""
    actions: dict[str, list[dict[str, Any]]] = {}
    for action in prepared["actions"]:
        services = [{"serviceType": s["type"], "hostName": s["host"]} for s in action["services"]]
        actions.setdefault(action["kind"], []).append(
            {
                "clusterName": "pages",
                "serviceType": services[0]["serviceType"],
                "messages": [action["message"]],
                "services": services,
            }
        )
    return list(messages({"configChangeActions": actions}))


def test_more_threads_ask_for_a_restart(vespa_java: VespaJava, tmp_path: Path) -> None:
    write_package(sized(application_package(), Cluster(threads=16)), tmp_path)
    assert told(change(vespa_java, APPLICATION, tmp_path)) == [
        "Takes effect when searchnode is restarted on localhost "
        '("vespa-stop-services && vespa-start-services" there, or restart the container): '
        "proton.numthreadspersearch has changed from 4 to 16"
    ]


def test_more_machines_ask_for_a_restart_of_those_there_are(
    vespa_java: VespaJava, tmp_path: Path
) -> None:
    write_package(sized(application_package(), Cluster(("localhost", "b.example"))), tmp_path)
    restarts = told(change(vespa_java, APPLICATION, tmp_path))
    assert restarts  # Vespa gives its services other ports where it is told of an admin server
    for line in restarts:
        assert re.match(r"Takes effect when [\w-]+ is restarted on localhost \(", line)
        assert "#" not in line


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        pytest.param(
            "schemas/page.sd",
            "tensor<bfloat16>(patch{}, v[128])",
            "tensor<float>(patch{}, v[128])",
            "field-type-change",
            id="another type",
        ),
        pytest.param(
            "services.xml",
            '<content id="pages"',
            '<content id="sheets"',
            "content-cluster-removal",
            id="another name",
        ),
    ],
)
def test_what_would_lose_what_is_stored_is_refused_by_vespa(
    vespa_java: VespaJava, tmp_path: Path, file: str, old: str, new: str, message: str
) -> None:
    # the config server answers with this text, so `deploy` changes nothing
    with pytest.raises(VespaError, match=message):
        change(vespa_java, APPLICATION, copy_with(tmp_path, file, old, new))
