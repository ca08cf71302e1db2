"""A stand-in for a Vespa server, made of Vespa's own Java parts: see StandIn.java for which."""

from tests.vespa_java.application_copy import APPLICATION
from tests.vespa_java.jvm import VespaJava


class StandIn:
    """The application of this checkout, served on this machine until the JVM ends.

    Attributes:
        url: what `--index` names, without a slash at the end.
    """

    def __init__(self, java: VespaJava) -> None:
        """Prepare the application and serve it, on a port the system chose."""
        self._java = java
        port = java.call("serve", application=str(APPLICATION))["port"]
        self.url = f"http://127.0.0.1:{port}"

    def clear(self) -> None:
        """Remove every document."""
        self._java.call("clear")
