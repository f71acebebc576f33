"""Build filter files where the list is, and ask them there: on Apache Spark, 3.5 or newer.

>>> import leaksieve.spark
>>> numbers = spark.read.parquet("/data/leak")
>>> leaksieve.spark.build(numbers, "phone", "/shared/leak.lsv", kind="phone", region="CN")
>>> leaksieve.spark.check(customers, "phone", "/shared/leak.lsv").show()

One machine makes a file of a billion identifiers in minutes, with a fifth of the CPU time or less.
This is for lists that are too large to copy, or may not leave their cluster; see docs/spark.md.

The driver and all executors need this package in the same version, and a folder that all of them
reach under the same path. Spark moves columns and blobs of hashes; what is done with them is what
``leaksieve.build`` does, so the file has the same bytes.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Literal

from . import BuildError, Encoding, Filter, Kind, Summary, __version__
from ._native import LOOK_ROWS, Driver

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import Column, DataFrame, SparkSession

    Path = str | os.PathLike[str]
    Work = Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]

__all__ = ["build", "check"]

# What tasks give: blobs, each of a part; and what is shuffled, with the key that Spark partitions by.
_ROWS = "part int, blob binary"
_KEYED_ROWS = "key int, part int, blob binary"
# So many tasks a core share the elements of a step: few are cheap, and several let a core that is
# slower than others do less.
_TASKS_A_CORE = 4
# The first look is at so many bytes. So many rows tell how long the values are.
_LOOK_BYTES = 1 << 20
_FEW_ROWS = 1 << 12
# Rows that are asked at once share what is read of the file.
_ASKED_ROWS = 1 << 17
_ASKED_BYTES = 32 << 20
# Marks our own words in what Spark says of a task that failed.
_MARK = "leaksieve: "


def build(
    df: DataFrame,
    column: str | Column,
    output: Path,
    *,
    kind: Kind,
    region: str | None = None,
    name: str | None = None,
    fpr: float | None = None,
    max_size: int | None = None,
    encoding: Encoding = "auto",
    as_lines: bool = False,
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
    replace: bool = False,
    staging: Path | None = None,
    segments: int = 256,
    progress: Callable[[str], object] | None = None,
) -> Summary:
    """Build a filter file of a column. The file has the bytes that ``leaksieve.build`` gives for the
    same rows, arguments, ``seed`` and ``created``.

    The rows are evaluated once, and the first of them up to four times before, to judge what they are.
    A column that has other rows when an executor is lost and its work is done again fails the
    build; write such a column into a table first.

    Spark's own errors come through as they are. After any end of the build but the sudden death of
    the driver the staging folder is gone; if it cannot be removed, a ``UserWarning`` says so.

    Args:
        df: Where the column is; of any size, in any order.
        column: Text, bytes or, of phone numbers, whole numbers; one identifier a row. Null and blank
            are left out.
        output: The file to write, on the driver.
        name: Name of the leak. By default that of ``output``.
        staging: A folder that the driver and all executors reach under this path. By default that
            of ``output``. A private folder is made in it, and in the end removed; it takes up to
            12 bytes a row and the size of the file, and whoever reads it can find out the phone
            numbers of the list.
        segments: The list is divided into so many parts, 64 to 1,024, a power of two. Each is sorted
            by one task, and takes 16 bytes of memory a row in it at most. Fewer cost less, more
            let more cores work.
        progress: Is told the name of each stage as it begins. By default it is a line on standard
            error.

    All other arguments are those of ``leaksieve.build``.

    Returns:
        What was built, as ``leaksieve.build`` tells it. The CPU time of stages is not known.

    Raises:
        BuildError: No file was built: the column was refused, or something cannot be read or
            written. The message says why, where, and what to do, and shows no identifier. If the
            file was saved nevertheless, it says so.
        ValueError: An argument does not fit the others, or is out of its range.
        TypeError: The column is of another type, such as a float, which may have lost digits.
    """
    output = _mounted(output)
    _ensure_all_rows(df.sparkSession)
    values = df.select(column)
    column_name = values.columns[0]
    of_type = _arrow_type(values)
    # What a column is called may be hard to say in SQL.
    values = values.toDF("value")
    driver = Driver(
        output=output,
        staging=_mounted(staging) if staging is not None else os.path.dirname(output),
        segments=segments,
        column=column_name,
        as_lines=as_lines,
        replace=replace,
        arguments={
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
        },
        progress=_tell if progress is None else progress,
    )
    try:
        _look(values, of_type, driver)
        rows: list[tuple[int, bytes]] = []
        while (step := driver.next(rows)) is not None:
            rows = _run(values, *step)
        return driver.summary()
    finally:
        # Whatever happened, and of an interrupt, too: nothing is left.
        driver.close()


def _tell(stage: str) -> None:
    print(f"leaksieve: {stage}", file=sys.stderr, flush=True)


def _ensure_all_rows(session: SparkSession) -> None:
    """Who stands in a file that Spark skips would be told that they are not exposed."""
    for setting in ["Corrupt", "Missing"]:
        for name in [f"spark.sql.files.ignore{setting}Files", f"spark.files.ignore{setting}Files"]:
            if str(session.conf.get(name, "false")).lower() == "true":
                raise BuildError(f"{name} is true, so rows may be missing: set it to false")


def _mounted(path: Path) -> str:
    path = os.fspath(path)
    if re.match(r"\w+:/", path):
        raise ValueError(
            f"{path} is no path of the file system: give one of a folder that all machines reach, such "
            "as NFS or a FUSE mount"
        )
    return os.path.abspath(path)


def _arrow_type(values: DataFrame) -> pa.DataType:
    """How Arrow has a column."""
    from pyspark.sql.pandas.types import to_arrow_type

    spark_type = values.schema[0].dataType
    try:
        return to_arrow_type(spark_type)
    except ImportError:
        raise
    except Exception:
        name = spark_type.simpleString()
        raise TypeError(
            f"the column is of type {name}: text, bytes or whole numbers are wanted"
        ) from None


def _look(values: DataFrame, of_type: pa.DataType, driver: Driver) -> None:
    """Show the driver the first rows. Spark reads as many partitions as have them."""
    import pyarrow as pa
    from pyspark.sql import functions

    def array(rows: list[Any]) -> Any:
        return pa.array([row[1] for row in rows], of_type)

    # A type that cannot be taken is refused before a row is shown.
    driver.look(array([]), [])
    rows = _first(values)
    # Where the first are all blank, those decide that are not.
    if not driver.look(array(rows), [row[0] for row in rows]):
        text = functions.col("value").cast("string")
        # Blanks are those of ASCII.
        rows = _first(values.where(text.rlike(r"[^ \t\n\f\r]")))
        driver.look(array(rows), [])


def _first(values: DataFrame) -> list[Any]:
    """The first rows, each with the number of its partition."""
    from pyspark.sql import functions

    values = values.select(functions.spark_partition_id(), "*")
    rows = values.take(_FEW_ROWS)
    if sum(len(str(row[1])) for row in rows) < _LOOK_BYTES and len(rows) == _FEW_ROWS:
        rows = values.take(LOOK_ROWS)
    return list(rows)


def _run(
    values: DataFrame,
    task: bytes,
    elements: list[bytes] | None,
    shuffle: tuple[int, bytes] | None,
) -> list[tuple[int, bytes]]:
    """Have the cluster do a step; gives what its last tasks say."""
    source = values
    if elements is not None:
        session = values.sparkSession
        num_cores = session.sparkContext.defaultParallelism
        num_tasks = min(len(elements), _TASKS_A_CORE * num_cores)
        source = session.range(0, len(elements), 1, num_tasks)
    if shuffle is None:
        rows = source.mapInArrow(_work(task, elements, None), _ROWS)
    else:
        num_parts, second_task = shuffle
        rows = source.mapInArrow(_work(task, elements, _keys(num_parts)), _KEYED_ROWS)
        # Adaptive execution leaves partitions whose number was asked for.
        rows = rows.repartition(num_parts, "key").select("part", "blob")
        rows = rows.mapInArrow(_work(second_task, None, None), _ROWS)
    try:
        return [(row[0], bytes(row[1])) for row in rows.collect()]
    except Exception as error:
        ours = re.search(f"{_MARK}(.*)", str(error))
        if ours is None:
            raise
        raise BuildError(ours[1]) from error


def _failed() -> Callable[[object], RuntimeError]:
    """What a task of a worker fails with. As all that tasks run, it refers to nothing of this module,
    so it can be unpickled, and say what is wrong, where the package is missing."""
    mark = _MARK

    def failed(why: object) -> RuntimeError:
        import socket

        # In a line, which is found among Spark's.
        said = str(why).replace("\n", "; ")
        return RuntimeError(f"{mark}{said} (on {socket.gethostname()})")

    return failed


def _ensure_here() -> Callable[[], None]:
    """Is leaksieve there, where a task runs, in the same version?"""
    version, failed = __version__, _failed()

    def ensure_here() -> None:
        try:
            import leaksieve
        except ImportError as error:
            raise failed(f"{error}: install leaksieve on every machine, or send it along") from None
        if leaksieve.__version__ != version:
            raise failed(
                f"leaksieve is {leaksieve.__version__} here and {version} on the driver: install "
                "the same version on both"
            )

    return ensure_here


def _work(task: bytes, elements: list[bytes] | None, keys: list[int] | None) -> Work:
    """What a task of a build runs in its Python worker."""
    ensure_here, failed = _ensure_here(), _failed()

    def work(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        import pyarrow as pa
        from pyspark import TaskContext

        ensure_here()
        import leaksieve
        from leaksieve import _native

        def rows(of_task: Any) -> Iterator[pa.RecordBatch]:
            batch = pa.record_batch(of_task)
            if batch.num_rows == 0:
                return
            if keys is not None:
                parts = batch.column(0).to_pylist()
                key = pa.array([keys[part % len(keys)] for part in parts], pa.int32())
                batch = pa.RecordBatch.from_arrays([key, *batch.columns], ["key", "part", "blob"])
            yield batch

        context = TaskContext.get()
        try:
            worker = _native.Task(task, context.partitionId() if context else 0)
            for batch in batches:
                if elements is not None:
                    numbers = batch.column(0).to_pylist()
                    yield from rows(worker.rows(numbers, [elements[number] for number in numbers]))
                elif batch.num_columns == 1:
                    yield from rows(worker.values(batch.column(0)))
                else:
                    yield from rows(worker.rows(batch.column(0).to_pylist(), batch.column(1)))
            yield from rows(worker.finish())
        except (leaksieve.BuildError, TypeError, ValueError) as error:
            raise failed(error) from error

    return work


def _keys(num_parts: int) -> list[int]:
    """For each part a number that Spark's hash puts into a partition of its own. Without, some
    tasks would get several parts and others none. (``repartitionById`` needs Spark 4.1.)"""
    keys: dict[int, int] = {}
    number = 0
    while len(keys) < num_parts:
        keys.setdefault(_spark_hash(number) % num_parts, number)
        number += 1
    return [keys[part] for part in range(num_parts)]


def _spark_hash(number: int) -> int:
    """What Spark partitions an int by: Murmur3 of 32 bits, with seed 42."""
    mask = (1 << 32) - 1

    def rotated(word: int, bits: int) -> int:
        return (word << bits | word >> 32 - bits) & mask

    word = rotated(number * 0xCC9E2D51 & mask, 15) * 0x1B873593 & mask
    word = rotated(42 ^ word, 13) * 5 + 0xE6546B64 & mask
    word ^= 4
    word = (word ^ word >> 16) * 0x85EBCA6B & mask
    word = (word ^ word >> 13) * 0xC2B2AE35 & mask
    word ^= word >> 16
    return word - (word >> 31 << 32)


def check(
    df: DataFrame,
    column: str | Column,
    path: Path,
    *,
    kind: Kind | None = None,
    verdict: str = "verdict",
    reason: str | None = None,
    key: str | list[str] | None = None,
    min_epoch: int = 0,
    allow_expired: bool = False,
) -> DataFrame:
    """Ask a filter file about a column: ``df`` with a column more, which has for each row
    "exposed", "not_exposed", "not_covered", "expired" or "error" (see ``leaksieve.Outcome``), or
    null where ``column`` is null. Only "not_exposed" is a no.

    Nothing is asked until Spark evaluates it. Each task opens the file.

    Args:
        df: Where the questions are; its columns are kept.
        column: Text, bytes or, of phone numbers, whole numbers.
        path: The file, which the driver and all executors reach under this path.
        kind: What the questions are; see ``leaksieve.Filter.check``.
        verdict: Name of the new column.
        reason: Name of a second one with the words of the verdict. By default there is none.
        key, min_epoch, allow_expired: See ``leaksieve.Filter.open``.

    Raises:
        OSError, FilterError: The driver cannot open the file.
        ValueError: ``df`` has a column of this name, or an argument is out of its range.
        TypeError: The column is of another type, such as a float, which may have lost digits.
    """
    import pyarrow as pa
    from pyspark.sql import functions
    from pyspark.sql.types import StringType, StructField, StructType

    path = _mounted(path)
    options: Any = {"key": key, "min_epoch": min_epoch, "allow_expired": allow_expired}
    opened = Filter.open(path, **options)
    file_id = opened.info["file_id"]
    # Executors need not have the file of a key.
    options["key"] = key and opened.info["signer"]
    # Does the file take questions of this kind and type?
    opened.check_many(pa.array([], _arrow_type(df.select(column))), kind)
    new = [verdict] if reason is None else [verdict, reason]
    # Spark takes names for the same that differ in case.
    names = [name.casefold() for name in [*df.columns, *new]]
    for name in new:
        if names.count(name.casefold()) > 1:
            raise ValueError(f"there is a column {name!r}: give verdict= or reason= another name")
    fields = [*df.schema.fields, *(StructField(name, StringType()) for name in new)]
    # Two columns of one name cannot be sent, and a dot in a name leads into it. So columns have other
    # names on their way.
    sent = [f"c{number}" for number in range(len(df.columns))] + ["question"]
    answered_names = sent[:-1] + [f"answer{number}" for number in range(len(new))]
    schema = StructType(
        [
            StructField(name, field.dataType, field.nullable, field.metadata)
            for name, field in zip(answered_names, fields, strict=True)
        ]
    )
    num_rows, num_bytes, with_reason = _ASKED_ROWS, _ASKED_BYTES, reason is not None
    ensure_here, failed = _ensure_here(), _failed()

    def work(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        import pyarrow as pa

        ensure_here()
        import leaksieve

        file = leaksieve.Filter.open(path, **options)
        if file.info["file_id"] != file_id:
            raise failed(f"{path} is not the file of the driver")

        def answered(batches: list[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            questions = pa.chunked_array([batch.column(batch.num_columns - 1) for batch in batches])
            answers: Any = file.check_many(questions, kind, reason=with_reason)
            if with_reason:
                columns = pa.record_batch(answers).columns
            else:
                columns = [pa.array(answers)]
            columns = [column.cast(pa.string()) for column in columns]
            start = 0
            for batch in batches:
                arrays = batch.columns[:-1]
                arrays += [column.slice(start, batch.num_rows) for column in columns]
                yield pa.RecordBatch.from_arrays(arrays, answered_names)
                start += batch.num_rows

        waiting: list[pa.RecordBatch] = []
        for batch in batches:
            waiting.append(batch)
            if (
                sum(batch.num_rows for batch in waiting) >= num_rows
                or sum(batch.nbytes for batch in waiting) >= num_bytes
            ):
                yield from answered(waiting)
                waiting = []
        if waiting:
            yield from answered(waiting)

    question = functions.col(column) if isinstance(column, str) else column
    answers = df.select("*", question).toDF(*sent).mapInArrow(work, schema)
    return answers.toDF(*(field.name for field in fields))
