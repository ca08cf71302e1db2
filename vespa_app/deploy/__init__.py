"""The application to where it runs: a container, Vespa Cloud, a Vespa of your own, a folder."""
