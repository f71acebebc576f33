"""What the wheel's interface promises: GOLDEN_FOLDER COMMAND_LINE. Answers themselves are compared
elsewhere, see `ask/wheel.py`."""

import ast
import datetime
import decimal
import hashlib
import inspect
import io
import json
import pathlib
import signal
import subprocess
import sys
import tempfile
import threading
import typing
import uuid
import warnings

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa

import leaksieve
import leaksieve.spark
from leaksieve import BuildError, Filter, FilterError

GOLDEN, CLI = pathlib.Path(sys.argv[1]), sys.argv[2]
PHONE = Filter.open(GOLDEN / "phone.lsv")
MEMBER, STRANGER, OTHER = "13800138000", "13900139999", "12"
EXPECTED = ["exposed", "not_exposed", None, "not_covered"]
TEXTS = [MEMBER, STRANGER, None, OTHER]
NUMBERS = [int(MEMBER), int(STRANGER), None, int(OTHER)]


def raises(kind, work, *words, without=()):
    """Does it raise just this, and say so?"""
    try:
        work()
    except kind as error:
        assert type(error) is kind, error
        said = str(error)
        assert all(word in said for word in words), said
        assert not any(word in said for word in without), said
        return said
    raise AssertionError(f"{kind.__name__} is not raised")


def verdicts(column, **options):
    return PHONE.check_many(column, "phone", **options).to_pylist()


def columns_of_every_library_and_type():
    text = pa.array(TEXTS)
    for array_type in [
        pa.string(), pa.large_string(), pa.string_view(), pa.binary(), pa.large_binary(), pa.binary_view(),
        pa.dictionary(pa.int8(), pa.string()), pa.dictionary(pa.uint32(), pa.large_string()),
        pa.dictionary(pa.int64(), pa.binary()),
    ]:
        assert verdicts(text.cast(array_type)) == EXPECTED, array_type
    for array_type in [pa.int64(), pa.uint64(), pa.decimal128(20, 0)]:
        assert verdicts(pa.array(NUMBERS).cast(array_type)) == EXPECTED, array_type
    assert verdicts(pa.array(NUMBERS).dictionary_encode()) == EXPECTED
    assert verdicts(pa.array([b"13800138000", None], pa.binary(11))) == ["exposed", None]
    assert verdicts(pa.nulls(2)) == [None, None]
    columns = [
        TEXTS, tuple(TEXTS), iter(TEXTS), NUMBERS, [text and text.encode() for text in TEXTS],
        [np.int64(MEMBER), bytearray(STRANGER.encode()), float("nan"), OTHER], [MEMBER, STRANGER, pd.NA, OTHER],
        pd.Series(TEXTS), pd.Series(TEXTS, dtype=object), pd.Series(NUMBERS[:1] + TEXTS[1:], dtype=object), pd.Series(TEXTS, dtype="category"),
        pd.Series(NUMBERS, dtype="Int64"), pd.Series(TEXTS, dtype="string[pyarrow]"),
        pl.Series(TEXTS), pl.Series(TEXTS, dtype=pl.Categorical), pl.Series(NUMBERS), pl.Series(TEXTS, dtype=pl.Object),
        np.array(TEXTS, dtype=object), leaksieve.Array(TEXTS),
        duckdb.sql(f"select unnest({[text or '' for text in TEXTS]}) as x").to_arrow_table()["x"],
    ]
    for column in columns[:-1]:
        assert verdicts(column) == EXPECTED, type(column)
    assert verdicts(columns[-1]) == ["exposed", "not_exposed", "not_covered", "not_covered"]
    without_null = [text for text in TEXTS if text]
    for dtype in ["U20", "S20", np.dtypes.StringDType()]:
        assert verdicts(np.array(without_null, dtype=dtype)) == [it for it in EXPECTED if it], dtype
    assert verdicts(np.array([int(MEMBER), int(STRANGER)])) == EXPECTED[:2]
    for empty in [[], pa.array([], pa.string()), pa.chunked_array([], pa.string()), pl.Series([], dtype=pl.String)]:
        assert verdicts(empty) == []


def slices_chunks_and_many_rows():
    many = (TEXTS * 40_000)[:-1]
    expected = (EXPECTED * 40_000)[:-1]
    for array_type in [pa.string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string())]:
        array = pa.array(many).cast(array_type)
        assert verdicts(array) == expected, array_type
        for start, length in [(1, 3), (7, 100_001), (159_998, 1), (0, 0)]:
            assert verdicts(array.slice(start, length)) == expected[start : start + length], start
        chunks = pa.chunked_array([array.slice(3, 5), array.slice(0, 0), array.slice(8, 90_000)])
        assert verdicts(chunks) == expected[3:90_008]
    # Of bits that say what is null, some are before the slice.
    numbers = pa.array(NUMBERS * 9)
    assert verdicts(numbers.slice(3, 20)) == (EXPECTED * 9)[3:23]
    # Several at once, of one file.
    results = [None] * 4

    def ask(place):
        results[place] = verdicts(pa.array(many))

    threads = [threading.Thread(target=ask, args=(place,)) for place in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [expected] * 4


def results_go_everywhere():
    array = PHONE.check_many(TEXTS, "phone")
    assert len(array) == 4 and array[0] == array[-4] == "exposed" and list(array) == EXPECTED
    raises(IndexError, lambda: array[4])
    arrow = pa.array(array)
    assert arrow.type == pa.dictionary(pa.uint8(), pa.string())
    assert arrow.dictionary.to_pylist() == list(typing.get_args(leaksieve.Outcome))
    arrow.validate(full=True)
    assert pa.array(array, pa.string()).to_pylist() == EXPECTED
    assert pl.Series(array).to_list() == EXPECTED
    assert pd.Series.from_arrow(array).astype(object).where(lambda it: it.notna(), None).to_list() == EXPECTED
    frame = pd.DataFrame({"phone": TEXTS}, index=[3, 1, 0, 2])
    frame["verdict"] = pd.Series.from_arrow(PHONE.check_many(frame["phone"], "phone")).array
    assert frame["verdict"].astype(object).where(lambda it: it.notna(), None).to_list() == EXPECTED
    batch = PHONE.check_many(TEXTS, "phone", reason=True)
    assert len(batch) == 4 and batch.column("verdict").to_pylist() == EXPECTED
    reasons = batch.column("reason").to_pylist()
    assert reasons == [text and PHONE.check(text, "phone").reason for text in TEXTS]
    raises(KeyError, lambda: batch.column("outcome"), "verdict, reason")
    table = {"verdict": EXPECTED, "reason": reasons}
    pa.record_batch(batch).validate(full=True)
    assert pa.record_batch(batch).to_pydict() == pa.table(batch).to_pydict() == table
    assert pl.DataFrame(batch).to_dict(as_series=False) == table
    assert pd.DataFrame.from_arrow(batch)["reason"].dropna().to_list() == [it for it in reasons if it]
    rows = duckdb.sql("select verdict, reason from batch").fetchall()
    assert rows == list(zip(EXPECTED, reasons))


def verdict_of_one_text():
    verdict = PHONE.check("+86 138-0013-8000", kind="phone")
    assert verdict == PHONE.check(MEMBER) and hash(verdict) == hash(PHONE.check(MEMBER))
    assert verdict != PHONE.check(STRANGER) and verdict != "exposed"
    raises(TypeError, lambda: bool(verdict), "outcome")
    (leak,) = verdict.leaks
    assert leak.name == PHONE.info["datasets"][0]["name"] and leak.false_alarm_one_in > 1
    assert MEMBER not in repr(verdict) + str(verdict) and not PHONE.check(STRANGER).leaks
    # Of what a password may be, and of texts without an end.
    passwords = Filter.open(GOLDEN / "password.lsv")
    assert passwords.check(b"123456").is_exposed and passwords.check("123456").is_exposed
    huge = "1" * 50_000_000
    assert PHONE.check(huge).outcome == "not_covered" and verdicts([huge, MEMBER]) == ["not_covered", "exposed"]
    assert PHONE.check("").outcome == "not_covered" and PHONE.check("\0").outcome == "not_covered"


def what_is_missing_or_negative():
    for column in [
        pl.Series([None, None]), pl.DataFrame({"x": [None, None]})["x"], pd.Series([np.nan, np.nan]), pd.Series([None, None]),
        pd.Series([None, None], dtype="Float64"), pa.array([None, None], pa.float64()), np.array([np.nan, np.nan]),
    ]:
        assert verdicts(column) == [None, None], column
    for column in [pl.Series([]), pd.Series([]), np.array([]), []]:
        assert verdicts(column) == [], column
    # Its digits are a member's.
    negative = -int(MEMBER)
    for column in [[negative], np.array([negative]), pa.array([negative]), pd.Series([negative]), pa.array([decimal.Decimal(negative)])]:
        assert verdicts(column) == ["not_covered"], column


def numbers_of_other_countries(folder):
    """0044... and +44... are in the list; as whole numbers they lack what was in front."""
    foreign = ["+447911123456", "+33612345678", "+12125550123"]
    (folder / "list.txt").write_text("\n".join([f"01701{n:06}" for n in range(300)] + foreign))
    leaksieve.build(folder / "list.txt", folder / "de.lsv", kind="phone", region="DE")
    leaks = Filter.open(folder / "de.lsv")
    stranger = "1701999999"
    numbers = [int(text[1:]) for text in foreign] + [1701000001, int(stranger)]
    for column in [numbers, np.array(numbers), pa.array(numbers), pl.Series(numbers), ["01701000001", *numbers[1:]]]:
        assert leaks.check_many(column, "phone").to_pylist() == ["exposed"] * 4 + ["not_exposed"], column
        batch = leaks.check_many(column, reason=True)
        assert batch.column("verdict").to_pylist() == ["exposed"] * 4 + ["not_exposed"]
    assert leaks.check_many([text[1:] for text in foreign], "phone").to_pylist()[0] == "not_exposed"


def answers_in_a_frame():
    frame = pd.DataFrame({"phone": [OTHER, MEMBER, None, STRANGER]}).sort_values("phone", ascending=False)
    frame["verdict"] = PHONE.check_many(frame["phone"], "phone")
    frame["again"] = pd.Series(PHONE.check_many(frame["phone"], "phone"), index=frame.index)
    expected = {OTHER: "not_covered", MEMBER: "exposed", STRANGER: "not_exposed"}
    for _, row in frame.iterrows():
        for said in [row["verdict"], row["again"]]:
            assert pd.isna(said) if pd.isna(row["phone"]) else said == expected[row["phone"]], row
    assert list(frame.index) != sorted(frame.index)


def interrupts():
    """While a column is taken: it ends, and nothing of it is printed. A process of its own, whose
    standard error is looked at."""
    script = """
import signal, sys, time
import numpy as np, pandas as pd, leaksieve
texts = np.array([f"secret{n}" for n in range(1_500_000)], dtype=object)
leaks = leaksieve.Filter.open(sys.argv[1])
for work in [
    lambda: leaks.check_many(texts), lambda: leaksieve.hash_column(texts, kind="username", seed=1),
    lambda: leaks.check_many(pd.Series(texts, dtype=object)), lambda: leaksieve.Array(texts),
    lambda: leaksieve.build(texts, "none.lsv", kind="username", name="x"),
]:
    began = time.perf_counter()
    texts.tolist()
    took = time.perf_counter() - began
    for share in [0.3, 0.9, 2]:
        # As Ctrl-C is handled.
        signal.signal(signal.SIGALRM, signal.default_int_handler)
        signal.setitimer(signal.ITIMER_REAL, share * took)
        try:
            work()
            time.sleep(share * took)
        except KeyboardInterrupt:
            print("ended")
"""
    with tempfile.TemporaryDirectory() as folder:
        ran = subprocess.run(
            [sys.executable, "-c", script, GOLDEN / "username.lsv"], cwd=folder, capture_output=True, text=True
        )
        assert ran.stderr == "" and ran.returncode == 0, ran.stderr[:300]
        assert ran.stdout == "ended\n" * 15, ran.stdout
        assert not list(pathlib.Path(folder).iterdir())


def arguments_that_are_none(folder):
    """They are named, with what is wanted, and not shown."""
    def build(**options):
        return lambda: leaksieve.build(folder / "none.txt", folder / "none.lsv", **{"kind": "phone", "region": "CN", **options})

    for error, options, words in [
        (ValueError, dict(seed=-1), "2**64 - 1"), (ValueError, dict(seed=2**64), "2**64 - 1"),
        (ValueError, dict(column=-1), "from 1"), (ValueError, dict(epoch=-1), "2**32 - 1"),
        (ValueError, dict(epoch=2**32), "2**32 - 1"), (ValueError, dict(threads=-1), "from 1"),
        (ValueError, dict(memory=-1), "bytes"), (ValueError, dict(max_size=-1), "bytes"), (ValueError, dict(created=-1), "seconds"),
        (ValueError, dict(min_count=-1), "from 0"), (TypeError, dict(created=1.5), "seconds"), (TypeError, dict(date=2021), "'2021'"),
        (TypeError, dict(max_size="93"), "bytes"), (TypeError, dict(fpr="93"), "0.5"), (TypeError, dict(seed=1.5), "2**64"),
        (TypeError, dict(seed=True), "2**64"), (TypeError, dict(column=True), "from 1"), (TypeError, dict(as_lines=1), "True or False"),
        (TypeError, dict(replace=None), "True or False"), (TypeError, dict(kind=3), "text"), (TypeError, dict(region=3), "text"),
        (TypeError, dict(encoding=None), "text"), (TypeError, dict(max_rejected="93"), "share"), (TypeError, dict(temp_dir=3), "folder"),
    ]:
        (name,) = options
        raises(error, build(**options), f"{name}= is ", words, without=["93", "extract"])
    for error, seed in [(ValueError, -1), (ValueError, 2**64), (TypeError, "93"), (TypeError, None)]:
        raises(error, lambda: leaksieve.hash_column([], kind="email", seed=seed), "seed= is ", "2**64 - 1", without=["93"])
    for error, epoch in [(ValueError, -1), (ValueError, 2**32), (TypeError, "93")]:
        for function in [Filter.open, leaksieve.inspect]:
            raises(error, lambda: function(GOLDEN / "phone.lsv", min_epoch=epoch), "min_epoch= is ", "2**32 - 1", without=["93"])


def what_is_no_column_or_text():
    secret = "13812345678"
    lone = secret + "\ud800"
    raises(ValueError, lambda: PHONE.check(lone), "surrogate", without=[secret])
    raises(ValueError, lambda: verdicts([MEMBER, lone]), "row 1", "surrogate", without=[secret])
    raises(TypeError, lambda: PHONE.check(int(secret)), "str or bytes", without=[secret])
    raises(TypeError, lambda: PHONE.check(None), "str or bytes")
    raises(ValueError, lambda: PHONE.check(secret, kind=secret), "'phone', 'email'", without=[secret])
    texts = [secret, secret.encode(), bytearray(secret.encode()), memoryview(secret.encode()), np.array(secret)]
    tables = [{secret: [MEMBER]}, pd.DataFrame({secret: [MEMBER]}), duckdb.sql("select 1")]
    for column in [*texts, *tables, {secret}, frozenset([secret])]:
        raises(TypeError, lambda: verdicts(column), "a column is wanted", without=[secret])
        raises(TypeError, lambda: leaksieve.Array(column), without=[secret])
    for value, words in [
        (float(secret), "float"), (True, "bool"), (np.True_, "bool"), (object(), "object"), ([secret], "list"),
        (decimal.Decimal(secret), "Decimal"),
    ]:
        raises(TypeError, lambda: verdicts([MEMBER, value]), "row 1", words, without=[secret])
    for column in [
        pa.array([float(secret)]), pl.Series([float(secret)]), pd.Series([float(secret), None]),
        np.array([float(secret)]), pa.array([decimal.Decimal("1.5")]),
    ]:
        raises(TypeError, lambda: verdicts(column), "lost digits", without=[secret])
    for column in [pa.table({"x": [secret]}), pl.DataFrame({"x": [secret]}), pa.array([{"x": secret}])]:
        raises(TypeError, lambda: verdicts(column), "table", without=[secret])
    # What a library says of them would show a text.
    for column in [pd.Series([secret, 5], dtype="category"), pl.Series([[secret]], dtype=pl.Object)]:
        raises(TypeError, lambda: verdicts(column), without=[secret])
    for column in [
        np.array(["2021-01-01"], dtype="datetime64[ns]"), np.array([5], dtype="timedelta64[ns]"),
        pd.Series(["2021-01-01"], dtype="datetime64[ns]"), pl.Series([datetime.date(2021, 1, 1)]),
    ]:
        raises(TypeError, lambda: PHONE.check_many(column, "id"))
    unique = uuid.uuid5(uuid.NAMESPACE_DNS, secret).bytes
    for column in [pa.array([unique], pa.uuid()), pa.chunked_array([pa.array([unique], pa.uuid())])]:
        raises(TypeError, lambda: verdicts(column), "arrow.uuid", "as text")
    # 007 may have been the text.
    numbers = [[7], [MEMBER, 7], np.array([7]), pd.Series([7]), pa.array([7]), pa.array([7]).dictionary_encode()]
    passwords = Filter.open(GOLDEN / "password.lsv")
    for column in numbers:
        for ask in [
            passwords.check_many, lambda column: PHONE.check_many(column, "password"),
            lambda column: PHONE.check_many(column, "id"),
            lambda column: leaksieve.hash_column(column, kind="username", seed=1),
        ]:
            raises(TypeError, lambda: ask(column), "zeros in front", without=["7"])
        assert len(PHONE.check_many(column)) == len(column)
    for kind in ["password", "email", "username", "id", "sha1", "ntlm"]:
        raises(TypeError, lambda: leaksieve.build(np.array([7]), "no.lsv", kind=kind), kind, "zeros in front")
    raises(TypeError, lambda: leaksieve.Array([MEMBER, 7]), "row 1", "zeros in front")
    wrong = pa.DictionaryArray.from_arrays(pa.array([0, 5]), pa.array([MEMBER]), safe=False)
    for column in [wrong, wrong.take(pa.array([1]))]:
        raises(ValueError, lambda: verdicts(column), "none of its rows")
    raises(TypeError, lambda: verdicts(pa.array([[secret]])), "List", without=[secret])
    raises(TypeError, lambda: verdicts(pa.array([True])), "Boolean")
    raises(TypeError, lambda: verdicts(7), "iterable")


def files_that_cannot_be_opened_or_asked(folder):
    raises(FileNotFoundError, lambda: Filter.open(folder / "missing.lsv"), "missing.lsv")
    raises(IsADirectoryError, lambda: Filter.open(folder))
    raises(FilterError, lambda: Filter.open(b""), "the bytes", "not a leaksieve file")
    raises(FilterError, lambda: Filter.open(io.BytesIO(b"milk")), "the file object", "not a leaksieve file")
    raises(TypeError, lambda: Filter.open(7), "path")
    raises(ValueError, lambda: Filter.open(GOLDEN / "signed.lsv", key=[]), "empty")
    raises(ValueError, lambda: Filter.open(GOLDEN / "signed.lsv", key="12"), "key")
    raises(FilterError, lambda: Filter.open(GOLDEN / "phone.lsv", key="0" * 64), "not signed")
    signer = Filter.open(GOLDEN / "signed.lsv").info["signer"]
    for key in [signer, [signer], ("0" * 64, signer)]:
        assert Filter.open(GOLDEN / "signed.lsv", key=key).info["signer"] == signer
    # A file that fails while it is read: what it says is an error, of each way of asking.
    content = (GOLDEN / "phone.lsv").read_bytes()

    class Failing(io.BytesIO):
        is_broken = False

        def read(self, size=-1):
            if self.is_broken:
                raise OSError("the cable is out")
            return super().read(size)

    file = Failing(content)
    leaks = Filter.open(file)
    assert leaks.check(MEMBER).is_exposed
    file.is_broken = True
    raises(OSError, lambda: leaks.check(MEMBER), "the cable is out")
    batch = leaks.check_many([MEMBER, None], reason=True)
    assert batch.column("verdict").to_pylist() == ["error", None]
    assert "the cable is out" in batch.column("reason")[0]
    # Damaged in one sector: nobody else is told an error.
    first = leaks.info["datasets"][0]["first_sector"]
    for sector in range(first, leaks.info["num_sectors"]):
        damaged = bytearray(content)
        damaged[sector * 512 + 9] ^= 1
        texts = [line for line in (GOLDEN / "phone.txt").read_text().splitlines() if line]
        said = Filter.open(bytes(damaged)).check_many(texts, "phone").to_pylist()
        assert "error" in said and set(said) <= {"exposed", "error"}, (sector, set(said))
    # Short reads are gone on with.

    class Slow(io.BytesIO):
        def read(self, size=-1):
            return super().read(min(size, 7))

    assert Filter.open(Slow(content)).check(MEMBER).is_exposed


def expired_files(folder):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        leaksieve.build(
            GOLDEN / "email.txt", folder / "old.lsv", kind="email", created=1_000_000_000, expires="2004-11-09"
        )
    old, as_of_then = [Filter.open(folder / "old.lsv", allow_expired=allow) for allow in [False, True]]
    stranger = "nobody@example.com"
    assert old.check(stranger).outcome == "expired" and as_of_then.check(stranger).is_not_exposed
    assert "2004-11-09" in old.check(stranger).reason and "allow_expired=True" in str(old.check(stranger))
    texts = [stranger, "Member0@Example.com"]
    assert old.check_many(texts).to_pylist() == ["expired", "exposed"]
    assert as_of_then.check_many(texts).to_pylist() == ["not_exposed", "exposed"]
    assert old.info["has_expired"] and old.info["expires"] == "2004-11-09"


def typed_dictionaries_have_the_fields(folder):
    def fits(value, kind, place):
        assert set(value) == set(typing.get_type_hints(kind)), (place, set(value) ^ set(kind.__annotations__))

    said = json.loads(subprocess.check_output([CLI, "inspect", "--format=json", GOLDEN / "bundle.lsv"]))
    info = leaksieve.inspect(GOLDEN / "bundle.lsv")
    assert info == said == Filter.open(GOLDEN / "bundle.lsv").info
    fits(info, leaksieve.FileInfo, "info")
    for leak in info["datasets"]:
        fits(leak, leaksieve.LeakInfo, "leak")
        fits(leak["false_positive_rate"], leaksieve.Rates, "rates")


def builds(folder):
    """As the command line builds, byte for byte; of a file, and of values in memory."""
    phones = (GOLDEN / "phone.txt").read_text().splitlines()
    same = ["--seed=7", "--created=1600000000", "--name=Golden", "--quiet", "--force"]
    arguments = dict(seed=7, created=1_600_000_000, name="Golden", replace=True)
    (folder / "phones.csv").write_text("id,phone\n" + "".join(f'{i},"{it}"\n' for i, it in enumerate(phones)))
    numbers = [13_800_000_000 + i * i * 7 for i in range(3_000)]
    (folder / "numbers.txt").write_text("".join(f"{number}\n" for number in numbers))
    cases = [
        (GOLDEN / "phone.txt", dict(kind="phone", region="CN"), [pa.array(phones), pl.Series("phone", phones)]),
        (folder / "phones.csv", dict(kind="phone", region="CN", column="phone"), []),
        (folder / "phones.csv", dict(kind="phone", region="CN", column=2, max_rejected=0.9), []),
        (folder / "numbers.txt", dict(kind="phone", region="CN", encoding="ribbon", fpr=0.01, max_rejected=1.0),
         [numbers, pa.array(numbers), np.array(numbers), pd.Series(numbers), pa.array(map(str, numbers)).dictionary_encode()]),
        (folder / "numbers.txt", dict(kind="id", encoding="exact", separators="keep", date="2021-06", epoch=3), []),
        (GOLDEN / "email.txt", dict(kind="email", max_size=20_000, source_note="a test"), []),
        (GOLDEN / "password.txt", dict(kind="password", digest="ntlm", expires="2027-01-31"), []),
        (GOLDEN / "ntlm.txt", dict(kind="ntlm", min_count=100_000), []),
        (GOLDEN / "username.txt", dict(kind="username", case="exact", as_lines=True), []),
    ]
    summary = None
    for number, (list_, options, columns) in enumerate(cases):
        by_cli, by_python = folder / f"{number}.cli.lsv", folder / f"{number}.lsv"
        words = []
        for name, value in options.items():
            option = "--" + name.replace("_", "-")
            words += [option] if value is True else [option, str(value)]
        subprocess.run([CLI, "build", list_, "-o", by_cli, *words, *same], check=True, capture_output=True)
        with warnings.catch_warnings(record=True):
            warnings.simplefilter("always")
            summary = leaksieve.build(list_, by_python, **options, **arguments)
            assert by_cli.read_bytes() == by_python.read_bytes(), options
            for column in columns:
                values = leaksieve.Array(map(str, column)) if isinstance(column, list) else column
                leaksieve.build(values, by_python, **options, **arguments)
                assert by_cli.read_bytes() == by_python.read_bytes(), (options, type(column))
    assert set(summary) == set(typing.get_type_hints(leaksieve.Summary)), summary
    assert set(summary["false_positive_rate"]) == set(typing.get_type_hints(leaksieve.ProbedRates))
    for name, kind in [("shapes", leaksieve.Shape), ("stages", leaksieve.StageCost)]:
        assert set(summary[name][0]) == set(typing.get_type_hints(kind))
    assert summary["file"] == str(folder / "8.lsv")


def builds_have_the_same_arguments_on_spark():
    here = dict(inspect.signature(leaksieve.build).parameters)
    there = dict(inspect.signature(leaksieve.spark.build).parameters)
    for name in "lists column delimiter charset field partial min_count threads memory temp_dir".split():
        del here[name]
    for name in "df column staging segments".split():
        del there[name]
    assert [str(it) for it in here.values() if it.name != "output"] == [
        str(it) for it in there.values() if it.name != "output"
    ]


def help_says_what_editors_show():
    """Rust's documentation is that of the stub, word for word."""
    stub = ast.parse((pathlib.Path(leaksieve.__file__).parent / "_native.pyi").read_text())
    documented = (ast.FunctionDef, ast.ClassDef)
    said = {}
    for item in stub.body:
        if isinstance(item, documented) and hasattr(leaksieve, item.name):
            said[item.name] = ast.get_docstring(item)
            for member in item.body:
                if isinstance(member, documented) and ast.get_docstring(member):
                    said.setdefault(f"{item.name}.{member.name}", ast.get_docstring(member))
    # That of a build is Python's own, and Python's `object` documents how all objects are made.
    del said["build"], said["Array.__new__"]
    assert {"Filter.check_many", "Verdict.reason", "FilterError", "inspect"} < set(said), set(said)
    for name, text in said.items():
        here = leaksieve
        for part in name.split("."):
            here = getattr(here, part)
        assert (inspect.getdoc(here) or "").split() == (text or "").split(), name


def builds_that_warn(folder):
    """What the command line says of a file that was built."""
    lists = folder / "lists"
    lists.mkdir()
    (lists / ".hidden").write_text("ann\n")
    (lists / "names.txt").write_text("".join(f"ann{n % 3}\n" for n in range(90)))
    many = [f"ann{n}" for n in range(5000)]
    for list_, options, warned in [
        (lists, dict(), ["1 hidden or special", "only 3 of 90 identifiers are distinct"]),
        (leaksieve.Array(["ann"] * 60), dict(name="x"), ["only 1 of 60 identifiers are distinct"]),
        (leaksieve.Array(many), dict(name="x", created="2027-01-31", expires="2027-01-30"), ["2027-01-30, before it was made"]),
        (leaksieve.Array(many), dict(name="x", max_size=3072, encoding="bloom"), ["For fewer, use encoding='ribbon', more room"]),
    ]:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            leaksieve.build(list_, folder / "warned.lsv", kind="username", replace=True, **options)
        said = [str(it.message) for it in caught]
        assert len(said) == len(warned) and all(words in it for it, words in zip(said, warned)), said
        assert all(it.category is UserWarning and it.filename == __file__ for it in caught), caught


def builds_that_are_refused(folder):
    output = folder / "new.lsv"
    lines = [f"138000000{i:02}" for i in range(90)]
    (folder / "bad.txt").write_text("\n".join(lines + ["no number"] * 10))

    def build(list_=folder / "bad.txt", output=output, **options):
        return leaksieve.build(list_, output, **{"kind": "phone", "region": "CN", **options})

    said = raises(BuildError, build, "10 of 100", "hint:", "max_rejected=", "line 91", without=["--", "no number"])
    assert said.count("\n") > 1 and not output.exists() and not list(folder.glob("*.tmp"))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        stages = []
        assert build(max_rejected=0.2, progress=stages.append)["num_rejected"] == 10
    assert any("line 91" in str(warning.message) for warning in caught), caught
    assert caught[0].filename == __file__ and stages[0] == "reading" and stages[-1] == "syncing"
    raises(BuildError, lambda: build(max_rejected=0.2), "already exists", "replace=", without=["--"])
    other = folder / "other.lsv"
    column = pa.array(lines + ["no number"] * 10)
    raises(BuildError, lambda: build(column, other, name="x"), "row 90 of the column", without=["no number"])
    raises(BuildError, lambda: build(pl.Series("tel", column), other, name="x"), "row 90 of column `tel`")
    for name in ["hunter2", None]:
        values = pd.Series(lines + ["no number"] * 10, name=name)
        raises(BuildError, lambda: build(values, other, name="x"), "row 90 of the column", without=["hunter2"])
    for name in ["13812345678", "ann@example.com", 13812345678, 13812345678.0, b"ann@example.com", ("x", 13812345678)]:
        values = pd.Series(lines, name=name)
        raises(BuildError, lambda: build(values, other, name="x"), "row of names", without=["13812345678", "ann@"])
    raises(BuildError, lambda: build(folder / "missing.txt", other), "missing.txt")
    raises(ValueError, lambda: build(column, other), "name=")
    raises(ValueError, lambda: build(column, other, name="x", field="y"), "field=")
    for options, word in [
        (dict(region=None), "region="), (dict(kind="email"), "region="), (dict(region="XX"), "XX"),
        (dict(kind="id", region=None, id_scheme="x"), "id_scheme"), (dict(fpr=0.9), "0.5"), (dict(fpr=float("nan")), "0.5"),
        (dict(fpr=0.1, max_size=9), "max_size="), (dict(encoding="x"), "'ribbon'"), (dict(date="2021-13"), "2021-06"),
        (dict(expires="2021"), "2021-01-31"), (dict(max_rejected=2.0), "max_rejected"), (dict(threads=0), "threads="),
        (dict(min_count=3), "min_count="), (dict(column=0), "from 1"), (dict(column="x", field="y"), "column="),
        (dict(delimiter="bar"), "column="), (dict(charset="x", column="y"), "charset"),
    ]:
        raises(ValueError, lambda: build(output=other, **options), word)
    for lists in [[], ["-"]]:
        raises(ValueError, lambda: build(lists, other))
    for lists in [["13812345678"], [GOLDEN / "phone.txt", "13812345678"]]:
        raises(BuildError, lambda: build(lists, other), "Array(values)", f"lists[{len(lists) - 1}]", without=["13812345678"])
    for lists in [7, b"x", [7]]:
        raises(TypeError, lambda: build(lists, other), "path")
    assert not other.exists()

    # What reads a list is said in the words of Python: of files, and of columns.
    sha1 = [hashlib.sha1(bytes([n])).hexdigest() for n in range(30)]
    one_a_row = ["one identifier a row", "as_lines=True"]
    for kind, rows, of_file, of_column in [
        ("username", [f"ann{it[:9]}:secret{it[9:16]}" for it in sha1], ["column=1, delimiter='colon'", "as_lines=True"], one_a_row),
        ("password", [f"{it}:{n + 1}" for n, it in enumerate(sha1)], ["kind='sha1'"], ["kind='sha1'"]),
        ("username", [f'{{"name": "ann{it[:9]}"}}' for it in sha1], ["field=NAME"], one_a_row),
        ("ntlm", sha1, ["kind='sha1'"], ["kind='sha1'"]),
        ("email", [f"13800138000_ann{it[:9]}@example.com" for it in sha1], ["FILE > NEW, and build NEW"], one_a_row),
    ]:
        (folder / "refused.txt").write_text("\n".join(rows))
        for list_, words in [(folder / "refused.txt", of_file), (pa.array(rows), of_column)]:
            options = dict(list_=list_, output=other, name="x", kind=kind, region=None)
            raises(BuildError, lambda: build(**options), *words, without=["--", "leaksieve build", "hint: give --", "FILE |"])

    # An exception of who is told ends the build, as Ctrl-C does.
    def tell(stage):
        raise LookupError(stage)

    raises(LookupError, lambda: build(max_rejected=0.2, output=other, progress=tell), "reading")

    def interrupt(stage):
        signal.raise_signal(signal.SIGINT)

    raises(KeyboardInterrupt, lambda: build(max_rejected=0.2, output=other, progress=interrupt))
    assert not other.exists() and not list(folder.glob("*.tmp"))


def hashes():
    spellings = ["13800138000", "+86 138-0013-8000", "008613800138000", None, "", "no number", "13900139999"]
    hashes = leaksieve.hash_column(spellings, kind="phone", region="CN", seed=1)
    assert pa.array(hashes).type == pa.uint64()
    first, second, third, null, blank, none, other = hashes.to_pylist()
    assert first == second == third != other and null is blank is none is None
    as_numbers = leaksieve.hash_column(np.array([13800138000]), kind="phone", region="CN", seed=1)
    assert as_numbers.to_pylist() == [first]
    assert leaksieve.hash_column(spellings, kind="phone", region="CN", seed=2)[0] != first
    folded = leaksieve.hash_column(["Ann@Example.com", "ann@example.com"], kind="email", seed=0).to_pylist()
    assert folded[0] == folded[1]
    repeated = pa.array(["a@b.de", None, "a@b.de", "c@d.de"]).dictionary_encode()
    assert leaksieve.hash_column(repeated, kind="email", seed=0).to_pylist() == leaksieve.hash_column(
        repeated.to_pylist(), kind="email", seed=0
    ).to_pylist()
    raises(ValueError, lambda: leaksieve.hash_column([], kind="phone", seed=1), "region=")


def nothing_is_kept():
    """Arrow's memory is given back, on both sides, however often."""
    array = pa.array(TEXTS * 100_000)
    before = pa.total_allocated_bytes()
    for _ in range(3):
        taken = pa.array(PHONE.check_many(pa.array(TEXTS * 100_000), "phone"))
        assert len(taken) == len(array)
        del taken
    assert pa.total_allocated_bytes() == before


def main():
    columns_of_every_library_and_type()
    slices_chunks_and_many_rows()
    results_go_everywhere()
    verdict_of_one_text()
    what_is_missing_or_negative()
    answers_in_a_frame()
    interrupts()
    what_is_no_column_or_text()
    hashes()
    builds_have_the_same_arguments_on_spark()
    help_says_what_editors_show()
    nothing_is_kept()
    for test in [
        files_that_cannot_be_opened_or_asked, expired_files, typed_dictionaries_have_the_fields, builds,
        builds_that_warn, arguments_that_are_none, numbers_of_other_countries,
        builds_that_are_refused,
    ]:
        with tempfile.TemporaryDirectory() as folder:
            test(pathlib.Path(folder))
    print("done")


main()
