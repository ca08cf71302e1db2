"""`python -m query` is `pagelens query`."""

import sys

from pagelens.main import main

if __name__ == "__main__":
    main(["query", *sys.argv[1:]])
