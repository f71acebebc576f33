"""Types of arguments and results."""

from __future__ import annotations

from collections.abc import Iterable
from os import PathLike
from typing import Any, Literal, Protocol, TypedDict, Union

Kind = Literal["phone", "email", "username", "id", "password", "sha1", "ntlm"]
"""What a text is. ``password`` is one as it is typed, ``sha1`` and ``ntlm`` are its hash in
hexadecimal digits."""

Outcome = Literal["exposed", "not_exposed", "not_covered", "expired", "error"]
"""What a file says of a text. Only ``not_exposed`` is a no:

- ``exposed``: at least one leak has it, or gives a false alarm, at odds that the file knows.
- ``not_exposed``: every leak that was asked covers it, and none has it.
- ``not_covered``: none has it, and at least one cannot say: another kind, another country, no
  such identifier, a number that no phone has.
- ``expired``: none has it, and the file expired: what was leaked since is not in it.
- ``error``: what the answer is in cannot be read, or is damaged. Of ``check_many`` only: ``check``
  raises it.
"""

Encoding = Literal["auto", "exact", "bloom", "ribbon"]
"""How items become bits; see ``build``."""


class Rates(TypedDict):
    """False-positive rates, 0 to 1; 0 of an exact set, which has no false alarm."""

    designed: float
    """What was aimed at."""
    measured: float
    """Computed from the bits as they are."""


class ProbedRates(Rates):
    """The same of a file that was built now."""

    probed: float
    """Found by asking what is no item."""
    probed_interval_95: list[float]
    """Lowest and highest rate that this is likely for (95 %)."""
    num_probes: int
    """How many were asked."""


class TakenOff(TypedDict):
    """What stood around identifiers, and was taken off."""

    what: str
    num_lines: int


class Shape(TypedDict):
    """How identifiers look: ``9`` is a digit, ``a`` a letter."""

    shape: str
    share: float
    """0 to 1."""


class StageCost(TypedDict):
    """What a stage of a build took."""

    name: str
    seconds: float
    cpu_seconds: float | None
    """Of all threads; None where the system does not tell."""


class Summary(TypedDict):
    """What was built, in the words of ``leaksieve build --format json``."""

    file: str
    name: str
    kind: Kind
    num_lines: int
    """Rows of the lists; each is an item or several, blank, rejected or left out."""
    num_items: int
    """Distinct items."""
    num_duplicates: int
    num_blank: int
    num_rejected: int
    """Rows that are no identifier of this kind, and are not in the file."""
    num_below_min_count: int
    num_padding: int
    """Entries of hash lists with a count of 0."""
    num_extra: int
    """Rows that can mean several things, and were stored as each."""
    num_outside_plan: int
    """Numbers that no phone has; they are found only as they are written in the list."""
    num_other_country: int
    num_not_utf8: int
    taken_off: list[TakenOff]
    shapes: list[Shape]
    is_international: bool
    """Phone numbers begin with the calling code, without a plus sign."""
    size_bytes: int
    bits_per_item: float
    """Header and checksums included."""
    encoding: str
    num_hashes: int | None
    columns: list[int] | None
    mean_reads: float
    """Sectors (512 bytes) that a question reads on average."""
    most_reads: int
    num_restarts: int
    false_positive_rate: ProbedRates
    stages: list[StageCost]


class LeakInfo(TypedDict):
    """A leak of a file, in the words of ``leaksieve inspect --format json``."""

    name: str
    date: str | None
    """``2021-06-11``, ``2021-06`` or ``2021``; None: unknown."""
    source_note: str
    kind: Kind
    covers: str
    normalisation_version: int
    encoding: str
    num_hashes: int | None
    columns: list[int] | None
    mean_reads: float
    most_reads: int
    num_items: int
    num_rejected: int
    num_extra: int
    min_count: int | None
    origin: Literal["passwords", "not_all_utf8", "hashes"] | None
    has_calling_codes: bool | None
    separators: Literal["ignore", "keep"] | None
    plan_sectors: int | None
    plan_most_reads: int | None
    first_sector: int
    num_sectors: int
    bits_per_item: float
    false_positive_rate: Rates


class FileInfo(TypedDict):
    """What a file says of itself, in the words of ``leaksieve inspect --format json``."""

    file_id: str
    format_version: int
    size_bytes: int
    num_sectors: int
    created_unix_s: int
    """Seconds since 1970-01-01 UTC."""
    epoch: int
    """Counts publications; 0: not used."""
    expires: str | None
    """``2027-01-31``; None: never."""
    expires_unix_s: int | None
    has_expired: bool
    signer: str | None
    """The key that signed it, 64 hexadecimal digits. None: nobody did. Anybody can make a key:
    compare it with one that you trust."""
    sectors_per_dataset: int
    datasets: list[LeakInfo]


class ArrowArray(Protocol):
    """An Arrow array of any library."""

    def __arrow_c_array__(self, requested_schema: object = None, /) -> tuple[object, object]: ...


class ArrowStream(Protocol):
    """A stream of Arrow arrays, such as a chunked array or a Series."""

    def __arrow_c_stream__(self, requested_schema: object = None, /) -> object: ...


class HasList(Protocol):
    """An array of NumPy, or a Series of pandas."""

    def tolist(self) -> Any: ...


class FileObject(Protocol):
    """An object that is open to be read."""

    def read(self, size: int, /) -> bytes: ...
    def seek(self, offset: int, whence: int = 0, /) -> int: ...
    def tell(self) -> int: ...


Column = Union[ArrowArray, ArrowStream, HasList, Iterable[Union[str, bytes, int, None]]]
"""A column of texts: an Arrow array, or a stream of them, of any library (PyArrow, polars, DuckDB,
pandas 3, through ``__arrow_c_array__`` or ``__arrow_c_stream__``); an array of NumPy or a Series of
pandas; a list. Texts are str or bytes, also in dictionaries (categories). Whole numbers are taken of
phone numbers alone, and read as their decimal digits. Missing values (null, None, NaN, pandas.NA)
give null. Of Arrow nothing is copied."""

Path = Union[str, "PathLike[str]"]
"""Where a file is."""

Lists = Union[Path, Iterable[Path], ArrowArray, ArrowStream, HasList]
"""What ``build`` makes a file of: paths, or values in memory."""

Key = Union[Path, Iterable[Path]]
"""Public keys: 64 hexadecimal digits each, or the path of a .pub file."""
