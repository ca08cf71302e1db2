"""`python -m ingest` is `pagelens ingest`."""

import sys

from pagelens.main import main

if __name__ == "__main__":
    main(["ingest", *sys.argv[1:]])
