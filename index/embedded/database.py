"""One SQLite connection: how it is opened, its transactions, its errors in our words.

The only importer of sqlite3. Write-ahead logging lets readers keep the state they opened while the
one writer goes on. Knows nothing of what the tables hold.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from index.errors import DamagedIndexError, PagelensError

Parameters: TypeAlias = Sequence[Any] | Mapping[str, Any]

_COMMIT_WAIT_S = 60  # how long to wait for another process's commit


def integers_of(listed: str | None) -> NDArray[np.int64]:
    """What SQL's group_concat has put together of integers, int64 (n,)."""
    return np.fromstring(listed or "", np.int64, sep=",")


class Database:
    """A connection; the writer's, or a reader's fixed on one state. Threads take turns outside."""

    def __init__(self, path: Path, *, writable: bool) -> None:
        """Open the file; the writer makes it where there is none.

        Raises:
            DamagedIndexError: the file is missing or not a database.
        """
        self._path = path
        if not writable and not path.exists():
            raise DamagedIndexError(f"{path} is missing. Ingest again into a new index.")
        with self._own_errors():
            self._connection = self._connect("rwc" if writable else "rw")
            try:
                self._prepare_for_writing() if writable else self._prepare_for_reading()
            except BaseException:
                self._connection.close()
                raise

    def _prepare_for_writing(self) -> None:
        self._connection.execute("PRAGMA foreign_keys = ON")
        self._connection.execute("PRAGMA journal_mode = WAL")
        # NORMAL may lose the last commits at a power cut, never the order of commits
        self._connection.execute("PRAGMA synchronous = NORMAL")

    def _prepare_for_reading(self) -> None:
        try:
            self._fix_state()
        except sqlite3.OperationalError:
            # a folder we may not write to, so there is no log to share with a writer either
            self._connection.close()
            self._connection = self._connect("ro&immutable=1")
            self._fix_state()

    def _fix_state(self) -> None:
        self._connection.execute("BEGIN")
        self._connection.execute("SELECT 1 FROM sqlite_master").fetchall()  # the first read does it

    def _connect(self, mode: str) -> sqlite3.Connection:
        return sqlite3.connect(
            f"{self._path.absolute().as_uri()}?mode={mode}",
            timeout=_COMMIT_WAIT_S,
            isolation_level=None,
            check_same_thread=False,
            uri=True,
        )

    def refresh(self) -> int:
        """Let a reader go on to the newest committed state and stay there.

        Returns:
            SQLite's data_version, which differs where anything was committed in between.
        """
        with self._own_errors():
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            self._fix_state()
            return int(self._connection.execute("PRAGMA data_version").fetchone()[0])

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All writes inside are committed together, or not at all."""
        with self._own_errors():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def run(self, sql: str, parameters: Parameters = ()) -> None:
        """Run a statement that gives no rows."""
        with self._own_errors():
            self._connection.execute(sql, parameters)

    def rows(self, sql: str, parameters: Parameters = ()) -> list[tuple[Any, ...]]:
        """Run a query and fetch all its rows."""
        with self._own_errors():
            return self._connection.execute(sql, parameters).fetchall()

    def integers(self, value: str, of: str, parameters: Parameters = ()) -> NDArray[np.int64]:
        """All values of one expression, int64 (n,), in any order: a third of the time of `rows`.

        Args:
            value: an SQL expression.
            of: the rest of the query, from FROM on.
            parameters: of the query.
        """
        return integers_of(self.rows(f"SELECT group_concat({value}) {of}", parameters)[0][0])

    def vacuum(self) -> None:
        """Give the space of deleted rows back."""
        with self._own_errors():
            self._connection.execute("VACUUM")
            # passive: a reader that stays on an older state must not hold us up
            self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)")

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    @contextmanager
    def _own_errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as e:
            raise PagelensError(f"Cannot use {self._path}: {e}.") from e
        except sqlite3.DatabaseError as e:
            raise DamagedIndexError(
                f"{self._path} is damaged ({e}). "
                "Restore it from a backup, or delete the index and ingest again."
            ) from e
