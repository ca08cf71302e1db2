"""`python -m pagelens` is `pagelens`."""

from pagelens.main import main

if __name__ == "__main__":
    main()
