"""`pagelens eval QUERIES`: arguments, parts, messages; the rest is elsewhere."""

import click


@click.command()
@click.argument("queries", metavar="QUERIES")
def run(queries: str) -> None:
    """Measure how well questions find their pages.

    "pagelens eval make FOLDER" drafts questions to begin with.
    """
    raise NotImplementedError(queries)
