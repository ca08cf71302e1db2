"""`python -m vespa_app deploy` is `pagelens deploy`; `copy` and `export` likewise."""

import sys

from pagelens.main import main

if __name__ == "__main__":
    main(sys.argv[1:])
