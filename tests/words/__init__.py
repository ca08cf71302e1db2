"""A table of what people type, and the pages they mean; made for this project."""
