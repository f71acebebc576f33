"""What Rust has; see the package `leaksieve`."""

from collections.abc import Callable, Iterator, Mapping
from os import PathLike
from typing import Any, Literal, NoReturn, final, overload

from ._types import Column, FileInfo, FileObject, Key, Kind, Lists, Summary

__all__ = [
    "Array",
    "Batch",
    "BuildError",
    "Caveat",
    "Driver",
    "Filter",
    "FilterError",
    "LOOK_ROWS",
    "Leak",
    "Task",
    "Verdict",
    "__version__",
    "build",
    "hash_column",
    "inspect",
]

__version__: str

class FilterError(Exception):
    """A file cannot be opened or asked: it is no filter file, damaged, forged, not trusted, or of a
    newer format. The message says which, and what to do. It is never an answer."""

class BuildError(Exception):
    """No filter file was built: a list was refused, has too many lines that cannot be read, or
    something cannot be written. The message says why, where, and what to do; it shows no
    identifier. What was at the output before is as it was, unless the message says that the new file
    was saved."""

@final
class Leak:
    """A leak that has a text, or gives a false alarm."""

    @property
    def name(self) -> str:
        """Name of the breach."""
    @property
    def date(self) -> str | None:
        """When it happened: "2021-06-11", "2021-06" or "2021". None: unknown."""
    @property
    def false_alarm_one_in(self) -> int | None:
        """Of so many people who are not in it and ask such a text, one is told this too. None:
        nobody is."""
    @property
    def found(self) -> str | None:
        """How the text was found, behind "found": "without its +tag". None: as it was typed."""

@final
class Caveat:
    """A leak that lacks a text and does not know all of its list."""

    @property
    def name(self) -> str:
        """Name of the breach."""
    @property
    def date(self) -> str | None:
        """When it happened: "2021-06-11", "2021-06" or "2021". None: unknown."""
    @property
    def num_rejected(self) -> int:
        """Lines of the list that could not be read: the text may be one of them."""
    @property
    def min_count(self) -> int | None:
        """What the list counts fewer times was left out. None: nothing was."""

@final
class Verdict:
    """What a file says of a text. `str()` of it is a sentence, which does not repeat the text.

    It has no truth value (`bool()` raises TypeError): a question that could not be answered is no
    "no"."""

    @property
    def outcome(self) -> Literal["exposed", "not_exposed", "not_covered", "expired"]:
        """What it is; see `leaksieve.Outcome`."""
    @property
    def is_exposed(self) -> bool:
        """Has at least one leak the text? It may be a false alarm, at the odds that `leaks` tell."""
    @property
    def is_not_exposed(self) -> bool:
        """Does every leak that was asked cover the text, and none has it? False does not mean that
        it is exposed: perhaps the file cannot say."""
    @property
    def leaks(self) -> list[Leak]:
        """The leaks that have the text; empty if it is not exposed."""
    @property
    def caveats(self) -> list[Caveat]:
        """The leaks that lack the text and do not know all of their list."""
    @property
    def reason(self) -> str:
        """The sentence without its first words: which leaks have it, at what odds; which lack it;
        or why they cannot say."""
    def __bool__(self) -> NoReturn: ...

@final
class Filter:
    """An open filter file. Several threads may ask it at once. It is not read whole: a question
    reads one sector (512 bytes) for each leak, or a few."""

    @staticmethod
    def open(
        source: str | PathLike[str] | bytes | FileObject,
        *,
        key: Key | None = None,
        min_epoch: int = 0,
        allow_expired: bool = False,
    ) -> Filter:
        """Open a file, verify its header, and of a signed file its signature.

        Args:
            source: Its path; its bytes; or an object that is open to be read, with `read()` and
                `seek()`, which is then used by this alone.
            key: Accept only files that this key signed, or one of these: 64 hexadecimal digits, or
                the path of a .pub file. By default every file is accepted, whoever made it.
            min_epoch: Refuse files of a lower epoch.
            allow_expired: Let an expired file say "not exposed"; it then means: as of that day.

        Raises:
            FileNotFoundError, OSError: It cannot be read.
            FilterError: It is no filter file, is damaged, or is not trusted.
            ValueError: A key is none.
        """

    def check(self, text: str | bytes, kind: Kind | None = None) -> Verdict:
        """Look one text up.

        Args:
            text: As it is typed; a leaked password may be bytes that are not UTF-8.
            kind: What it is. By default all leaks of the file are asked, and "not exposed" is said
                only if all of them cover it.

        Raises:
            FilterError, OSError: A sector is damaged, forged, or cannot be read.
            ValueError: The text has half of a surrogate pair; there is no such kind.
        """

    @overload
    def check_many(
        self, column: Column, kind: Kind | None = None, *, reason: Literal[False] = False
    ) -> Array:
        """Look a column of texts up, on all cores and without Python's lock. What `check` says of
        each, at less cost: sectors are read once for many questions.

        Args:
            column: n texts; see `leaksieve.Column` for what may be one. A whole number is asked with a
                plus sign, too, and is exposed if either is: it may have been 0044...
            kind: As for `check`.
            reason: Also tell the reason of each verdict, as `Verdict.reason` does.

        Returns:
            An Arrow array of n outcomes: a dictionary of the texts of `leaksieve.Outcome`, in the
            order of its description, with keys of one byte (uint8). A row that is null is null.
            With `reason`, a record batch of two columns of n rows: "verdict", and "reason", a
            dictionary of texts.
            A sector that is damaged or cannot be read is an "error" of the questions that need it,
            and of no other.

        Raises:
            TypeError: The column holds neither texts nor whole numbers. Floats are refused: they
                may have lost digits. So are whole numbers where a leak that is asked has another
                kind than "phone": they may have lost zeros in front.
            ValueError: A text has half of a surrogate pair; there is no such kind.
        """

    @overload
    def check_many(
        self, column: Column, kind: Kind | None = None, *, reason: Literal[True]
    ) -> Batch: ...
    @overload
    def check_many(
        self, column: Column, kind: Kind | None = None, *, reason: bool
    ) -> Array | Batch: ...
    @property
    def info(self) -> FileInfo:
        """What the file says of itself."""

@final
class Array:
    """An Arrow array, which whoever reads Arrow takes without a copy: `pyarrow.array(it)`,
    `polars.Series(it)`. In pandas: `frame["verdict"] = it.to_pylist()`, row by row."""

    def __new__(cls, values: Column) -> Array:
        """Of texts and None of Python. Raises TypeError of anything else, also of whole numbers,
        which may have lost zeros in front."""
    def __arrow_c_array__(self, requested_schema: object = None) -> tuple[object, object]: ...
    def __arrow_c_schema__(self) -> object: ...
    def __len__(self) -> int: ...
    def __getitem__(self, index: int, /) -> str | int | None: ...
    def __iter__(self) -> Iterator[str | int | None]: ...
    def to_pylist(self) -> list[Any]:
        """The values as objects of Python; null is None."""

@final
class Batch:
    """An Arrow record batch, which whoever reads Arrow takes without a copy:
    `pyarrow.record_batch(it)`, `polars.DataFrame(it)`, `duckdb.sql("from it")`."""

    def __arrow_c_array__(self, requested_schema: object = None) -> tuple[object, object]: ...
    def __arrow_c_stream__(self, requested_schema: object = None) -> object: ...
    def __arrow_c_schema__(self) -> object: ...
    def __len__(self) -> int: ...
    def column(self, name: str) -> Array:
        """A column. Raises KeyError if there is none of that name."""

def inspect(
    source: str | PathLike[str] | bytes | FileObject,
    *,
    key: Key | None = None,
    min_epoch: int = 0,
) -> FileInfo:
    """What a file says of itself. Arguments and errors are those of `Filter.open`."""

def hash_column(
    column: Column,
    *,
    kind: Kind,
    seed: int,
    region: str | None = None,
    case: Literal["fold", "exact"] | None = None,
    id_scheme: Literal["plain", "chinese-resident"] | None = None,
    separators: Literal["ignore", "keep"] | None = None,
    digest: Literal["sha1", "ntlm"] | None = None,
) -> Array:
    """The hash of each identifier of a column, 64 bits: spellings of one identifier have one hash.
    For joins and counts of distinct identifiers across tables, with the rules of a build.

    A hash is no secret: who has `seed` can try all phone numbers in minutes.

    Args:
        column: n identifiers.
        kind, region, case, id_scheme, separators, digest: As for `build`.
        seed: 0 to 2**64 - 1; hashes of different seeds say nothing of each other.

    Returns:
        An Arrow array of n numbers (uint64). Null is what is null, blank, or no identifier of this
        kind. Of a text that can mean several things, the hash is that of the usual one: a build
        stores several of some texts.

    Raises:
        TypeError, ValueError: As of `Filter.check_many`, and an argument does not fit the others.
    """

def build(
    lists: Lists,
    output: str | PathLike[str],
    *,
    arguments: Mapping[str, object],
    files: Mapping[str, object],
    progress: Callable[[str], object] | None = None,
) -> Summary: ...

LOOK_ROWS: int
"""The first look of `Driver` is at so many rows at most."""

@final
class Driver:
    """The driver of a build on a cluster; see `leaksieve.spark`. It holds no hash and no page."""

    def __new__(
        cls,
        *,
        output: str,
        staging: str,
        segments: int,
        column: str,
        as_lines: bool,
        replace: bool,
        arguments: Mapping[str, object],
        progress: Callable[[str], object],
        max_counted_records: int | None = None,
    ) -> Driver: ...
    def look(self, rows: Column, tasks: list[int]) -> bool:
        """Judge the first rows; `tasks`: the number of the task that will read each, or empty if
        that is not known. False: they are all blank, so look again, at those behind."""
    def next(
        self, rows: list[tuple[int, bytes]]
    ) -> tuple[bytes, list[bytes] | None, tuple[int, bytes] | None] | None:
        """The next step, when these rows (part, blob) came of the last tasks of the one before.
        None: the file is there.

        A step is: what to make the first tasks of; elements, each for any of these tasks, with its
        index, or None: they take the column; and (number of parts, what to make the second tasks
        of), or None: there are none. All rows of a part that the first tasks give go to one second
        task; those of part -1, too."""
    def summary(self) -> Summary:
        """What was built."""
    def close(self) -> None:
        """End the build, if it has not ended: the staging folder and the unfinished file are gone.
        Warns (UserWarning) if the folder cannot be removed."""

@final
class Task:
    """Does a task of a step. What is given back are batches of the columns `part` (int32) and
    `blob` (binary)."""

    def __new__(cls, task: bytes, number: int) -> Task: ...
    def values(self, column: Column) -> Batch:
        """The next values of the column."""
    def rows(self, parts: list[int], blobs: Column) -> Batch:
        """Elements with their index, or rows of a shuffle."""
    def finish(self) -> Batch:
        """Nothing follows."""
