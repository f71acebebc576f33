"""Compiles leaked identifier sets into filter files, and asks such files, offline.

>>> import leaksieve
>>> leaks = leaksieve.Filter.open("leaks.lsv")
>>> verdict = leaks.check("+86 138 0013 8000", kind="phone")
>>> verdict.outcome
'not_exposed'

``check_many`` asks a column of any size: an Arrow array, a Series of pandas or polars, an array of
NumPy, a list. ``build`` makes a file of lists. ``leaksieve.spark`` does both on a Spark cluster.
"""

from __future__ import annotations

from collections.abc import Callable
from os import PathLike
from typing import Literal

from ._native import (
    Array,
    Batch,
    BuildError,
    Caveat,
    Filter,
    FilterError,
    Leak,
    Verdict,
    __version__,
    hash_column,
    inspect,
)
from ._native import build as _build
from ._types import (
    Column,
    Encoding,
    FileInfo,
    Kind,
    LeakInfo,
    Lists,
    Outcome,
    ProbedRates,
    Rates,
    Shape,
    StageCost,
    Summary,
    TakenOff,
)

__all__ = [
    "Array",
    "Batch",
    "BuildError",
    "Caveat",
    "Column",
    "Encoding",
    "FileInfo",
    "Filter",
    "FilterError",
    "Kind",
    "Leak",
    "LeakInfo",
    "Lists",
    "Outcome",
    "ProbedRates",
    "Rates",
    "Shape",
    "StageCost",
    "Summary",
    "TakenOff",
    "Verdict",
    "__version__",
    "build",
    "hash_column",
    "inspect",
]

def build(
    lists: Lists,
    output: str | PathLike[str],
    *,
    kind: Kind,
    region: str | None = None,
    name: str | None = None,
    fpr: float | None = None,
    max_size: int | None = None,
    encoding: Encoding = "auto",
    column: str | int | None = None,
    delimiter: str | None = None,
    charset: str | None = None,
    field: str | None = None,
    as_lines: bool = False,
    partial: bool = False,
    min_count: int | None = None,
    max_rejected: float | None = None,
    case: Literal["fold", "exact"] | None = None,
    id_scheme: Literal["plain", "chinese-resident"] | None = None,
    separators: Literal["ignore", "keep"] | None = None,
    digest: Literal["sha1", "ntlm"] | None = None,
    date: str | None = None,
    source_note: str = "",
    seed: int | None = None,
    created: int | str | None = None,
    expires: int | str | None = None,
    epoch: int = 0,
    threads: int | None = None,
    memory: int | None = None,
    temp_dir: str | PathLike[str] | None = None,
    replace: bool = False,
    progress: Callable[[str], object] | None = None,
) -> Summary:
    """Build a filter file at ``output``. The same lists, arguments, ``seed`` and ``created`` give
    the same bytes, and those of ``leaksieve build``, whose ``--help`` has more of each argument.

    Every item is asked of the finished file before it gets its name. Ctrl-C ends the build while it
    reads and between stages; nothing is left of it. Lines that are no identifiers, and what else
    should be looked at, are told as warnings (``UserWarning``).

    Args:
        lists: Path of a file or folder, or several. Plain lines; CSV, TSV or Parquet with
            ``column``; JSON lines with ``field``; ``HASH:COUNT`` lines. Each as it is, or compressed
            with gzip, zstd or xz. Or values in memory: an Arrow array, a Series of pandas or
            polars, an array of NumPy, as for ``Filter.check_many``; a list of Python holds paths,
            so wrap values: ``Array(values)``. Values need a ``name``.
        output: The file to write.
        kind: What the identifiers are.
        region: Phone numbers: the country of those without a country code, as two letters such as
            "CN" (ISO 3166-1); "world" if every number has its country code.
        name: Name of the leak. By default that of the first file.
        fpr: False-positive rate of one reading of a text, 1e-7 to 0.5. By default 0.001.
        max_size: In its place: take the lowest rate that fits so many bytes.
        encoding: "bloom" reads one sector a question; "ribbon" is 30 % smaller at 0.001; "exact"
            has no false alarm, for numbers, which anyone can then list; "auto" takes an exact set
            where that is smaller and hides nothing less, else a Bloom filter.
        column: Tables: the column, by its name, or by its number from 1 on.
        delimiter: Tables: "comma", "semicolon", "tab", "bar", "colon", "blank", or a text. By
            default what divides the lines most regularly.
        charset: Of lists that are not UTF-8, such as "gb18030".
        field: JSON lines: the field; dots lead into nested objects.
        as_lines: Each whole line is an identifier, whatever it looks like.
        partial: Take a folder of hash ranges though some are missing.
        min_count: ``HASH:COUNT`` lists: leave out what was seen fewer times.
        max_rejected: Share of rows that may be no identifiers, 0 to 1. By default 0.01.
        case: User names and ids: does case matter? By default "fold", it does not.
        id_scheme: Ids: "chinese-resident" are checked by their digit.
        separators: Ids: do blanks and dashes matter? By default "ignore", they do not.
        digest: Passwords: the hash that the file holds. By default "sha1".
        date: When it was leaked: "2021-06-11", "2021-06" or "2021".
        source_note: Where the list came from.
        seed: Seed of the hash function, 0 to 2**64 - 1. By default random.
        created: When the file is made: "2027-01-31", or seconds since 1970-01-01 UTC. By default
            the environment's SOURCE_DATE_EPOCH, or now.
        expires: After it, "not exposed" becomes "cannot say". As ``created``; by default never.
        epoch: Number of this publication; who saw a higher one can refuse the file.
        threads: By default one a core.
        memory: Bytes; what does not fit goes into a temporary file. By default 2 GiB.
        temp_dir: Folder of that file. By default that of ``output``. Numbers themselves are in it.
        replace: Replace ``output`` if it exists.
        progress: Is told the name of each stage as it begins.

    Returns:
        What was built.

    Raises:
        BuildError: No file was built: a list was refused, or something cannot be read or written.
            The message says why, where, and what to do, and shows no identifier.
        ValueError: An argument does not fit the others, or is out of its range.
        TypeError: An argument is of another type.
    """
    arguments = {
        "kind": kind,
        "region": region,
        "case": case,
        "id_scheme": id_scheme,
        "separators": separators,
        "digest": digest,
        "name": name,
        "fpr": fpr,
        "max_size": max_size,
        "encoding": encoding,
        "date": date,
        "source_note": source_note,
        "seed": seed,
        "created": created,
        "expires": expires,
        "epoch": epoch,
        "max_rejected": max_rejected,
    }
    files = {
        "column": column,
        "delimiter": delimiter,
        "charset": charset,
        "field": field,
        "as_lines": as_lines,
        "partial": partial,
        "min_count": min_count,
        "threads": threads,
        "memory": memory,
        "temp_dir": temp_dir,
        "replace": replace,
    }
    return _build(lists, output, arguments=arguments, files=files, progress=progress)
