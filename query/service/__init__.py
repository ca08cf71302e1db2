"""The search for many at once: what the web page, REST and agents share. Knows nothing of HTTP."""
