"""Search for people in a browser and for programs over HTTP: `pagelens serve`."""
