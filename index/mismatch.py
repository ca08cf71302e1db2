"""What to say where an index was made with something else than what is asked for."""

from index.pages import Fingerprint


def mismatch_message(place: object, stored: Fingerprint, wanted: Fingerprint) -> str:
    """Say which of two fingerprints' parts differ, with both values, and what to do.

    Args:
        place: the index, as the user named it.
        stored: what made it.
        wanted: what is asked for.
    """
    parts = [
        f"{name} {getattr(stored, name)} (asked for: {getattr(wanted, name)})"
        for name in ("encoder", "model", "revision", "pooling", "rendering")
        if getattr(stored, name) != getattr(wanted, name)
    ]
    return (
        f"Index {place} was made with {', '.join(parts)}. Vectors of the two cannot be compared: "
        "leave out --encoder and --model to go on with the index's own, "
        "or ingest into a new index with --index."
    )
