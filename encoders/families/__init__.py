"""The models Pagelens knows: one file a family."""
