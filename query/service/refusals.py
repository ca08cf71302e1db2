"""What a server says where a command line would end: busy, not there, cannot be had just now."""

from index.errors import PagelensError, WrongUseError


class BusyError(PagelensError):
    """Too many requests at once, or the model is not loaded yet: the same request may work later.

    Args:
        message: what to do.
        retry_after_s: when to ask again, whole seconds.
    """

    def __init__(self, message: str, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class UnavailableError(PagelensError):
    """The index or the model cannot be had; whoever runs the server has to do something."""


class NoSuchPageError(WrongUseError):
    """A page id that is well formed and that the index does not hold."""


class NoOriginalError(PagelensError):
    """The file of a document is gone, has not the bytes that were indexed, or cannot be drawn."""


class NoSuchUploadError(WrongUseError):
    """A file that is not among those that were uploaded."""


class UploadTooLargeError(WrongUseError):
    """A file larger than this server takes."""


class NotAPdfError(WrongUseError):
    """A file that was uploaded and is no PDF."""
