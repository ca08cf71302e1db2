"""Vespa's Java code on this machine: its jars, fetched once, and our program compiled with them."""

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).parent
POM = HERE / "pom.xml"
SOURCES = HERE / "src"

CACHE = Path.home() / ".cache" / "pagelens" / "vespa-java"
"""Outside the checkout: 105 MB that every clone can share."""

VERSION_VARIABLE = "PAGELENS_VESPA_VERSION"
"""Names another release of Vespa than the pom's: the floor of services.xml, or the next one."""

JAVA_RELEASE = "17"
"""What Vespa 8 itself is compiled for."""


class JavaUnavailableError(Exception):
    """These tests cannot run here; the text says why, and what would help."""


def fetch_jars() -> Path:
    """The folder with Vespa's jars; the first call takes half a minute.

    Raises:
        JavaUnavailableError: Maven is missing or could not fetch them.
    """
    version = os.environ.get(VERSION_VARIABLE, "")
    # another pom or another release, other jars
    folder = CACHE / hashlib.sha256(POM.read_bytes() + version.encode()).hexdigest()[:16]
    if folder.exists():
        return folder
    if shutil.which("mvn") is None:
        raise JavaUnavailableError("Maven is missing (Debian: sudo apt install maven).")
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as unfinished:
        fetched = Path(unfinished) / "jars"
        goal = ["dependency:copy-dependencies", "-DincludeScope=runtime"]
        if version:
            goal.append(f"-Dvespa.version={version}")
        command = ["mvn", "-q", "-B", "-f", str(POM), *goal, f"-DoutputDirectory={fetched}"]
        try:
            run(command, timeout_s=600)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as e:
            raise JavaUnavailableError(
                f"Maven could not fetch Vespa's jars: {maven_reason(e)}"
            ) from e
        if not folder.exists():  # two test runs may fetch at the same time
            fetched.rename(folder)
    return folder


def compile_sources(jars: Path, classes: Path) -> None:
    """Compile the program in `src` into the folder `classes`.

    Raises:
        JavaUnavailableError: there is no JDK.
        AssertionError: the program does not compile: a fault of ours, never a reason to skip.
    """
    try:
        run(["javac", "-version"], timeout_s=60)  # macOS has a javac that only says how to get one
    except (FileNotFoundError, subprocess.CalledProcessError) as e:
        raise JavaUnavailableError(
            f"A JDK of version {JAVA_RELEASE} or later is missing "
            f"(Debian: sudo apt install openjdk-{JAVA_RELEASE}-jdk-headless)."
        ) from e
    sources = sorted(str(path) for path in SOURCES.rglob("*.java"))
    options = ["--release", JAVA_RELEASE, "-proc:none", "-cp", f"{jars}/*", "-d", str(classes)]
    try:
        run(["javac", *options, *sources], timeout_s=300)
    except subprocess.CalledProcessError as e:
        raise AssertionError(f"javac: {e.stderr}") from e


def run(command: Sequence[str], timeout_s: float) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True, timeout=timeout_s)


def maven_reason(error: subprocess.CalledProcessError | subprocess.TimeoutExpired) -> str:
    """The first line Maven marks as an error; the later ones are general advice."""
    if isinstance(error, subprocess.TimeoutExpired):
        return f"not done after {error.timeout:.0f} s."
    lines = [line for line in f"{error.stdout}{error.stderr}".splitlines() if "ERROR" in line]
    return lines[0] if lines else f"exit code {error.returncode}."
