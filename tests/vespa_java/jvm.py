"""One JVM with Vespa's code in it, asked in lines of JSON."""

import json
import subprocess
import threading
from pathlib import Path
from typing import Any

REQUEST_TIMEOUT_S = 120
"""Far above any request, so that a hanging JVM ends the run instead of stopping it."""


class VespaError(Exception):
    """Vespa refused a request; the text is Vespa's own message."""


class VespaJava:
    """The program in `src`, running: see Main.java for its protocol."""

    def __init__(self, jars: Path, classes: Path, log: Path) -> None:
        """Start it; what Vespa logs goes to the file `log`."""
        self._log = log
        with log.open("wb") as stderr:
            self._process = subprocess.Popen(
                ["java", "-Xmx1g", "-cp", f"{classes}:{jars}/*", "pagelens.Main"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                encoding="utf-8",
            )

    def call(self, command: str, **arguments: object) -> Any:
        """Run one command of Main.java.

        Raises:
            VespaError: Vespa refused it.
            RuntimeError: the JVM has ended.
        """
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        watchdog = threading.Timer(REQUEST_TIMEOUT_S, self._process.kill)
        watchdog.start()
        try:
            stdin.write(json.dumps({"command": command, **arguments}) + "\n")
            stdin.flush()
            line = stdout.readline()
        except BrokenPipeError:
            line = ""
        finally:
            watchdog.cancel()
        if not line:
            end = self._log.read_text(encoding="utf-8", errors="replace")[-2000:]
            raise RuntimeError(f"The JVM ended with {self._process.wait()}. Its last words:\n{end}")
        answer = json.loads(line)
        if "error" in answer:
            raise VespaError(answer["error"])
        return answer["result"]

    def close(self) -> None:
        """End the JVM, as its input ends."""
        try:
            self._process.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()
