"""The `pagelens` command: which commands there are, and how an error reaches the user."""
