"""What the app reads itself: counted, and failing in every way. Then a file of 2 GiB."""

import copy
import json
import os
import pickle
import sys
import threading

import leaksieve_uniffi as leaksieve
from leaksieve_uniffi import Filter, FilterError, Reader, ReaderError


class Counting(Reader):
    """Reads a file, says what was read, and fails when told to."""

    def __init__(self, path):
        self.file = open(path, "rb", buffering=0)
        self.reads = []
        self.fail = None

    def size_bytes(self):
        if self.fail == "size":
            raise OSError("no size")
        return os.fstat(self.file.fileno()).st_size

    def read_at(self, offset_bytes, num_bytes):
        self.reads.append((offset_bytes, num_bytes))
        data = os.pread(self.file.fileno(), num_bytes, offset_bytes)
        return {
            None: lambda: data,
            "size": lambda: data,
            "reader_error": lambda: throw(ReaderError.Failed(reason="the card was pulled")),
            "other_error": lambda: throw(KeyError("unforeseen")),
            "nothing": lambda: b"",
            "short": lambda: data[:-1],
            "long": lambda: data + b"\0",
            "text": lambda: "text",
            "none": lambda: None,
        }[self.fail]()


WAYS = ["reader_error", "other_error", "nothing", "short", "long", "text", "none"]


def throw(error):
    raise error


def unreadable(call):
    """The one thing that a failing reader may lead to."""
    try:
        said = call()
    except FilterError.Unreadable as error:
        assert str(error), "it does not say why"
        return str(error)
    raise AssertionError(f"no error, but {said}")


def copied(path, other, member):
    """A copy would close the file under the one that was copied, which then asks another."""
    filter = Filter.open(path)
    for copy_of in (copy.copy, copy.deepcopy, pickle.dumps, lambda f: pickle.dumps(f.check)):
        try:
            copy_of(filter)
        except TypeError as error:
            assert "cannot be copied" in str(error), error
        else:
            raise AssertionError("it was copied")
        Filter.open(other)
        assert filter.check(member).is_exposed()


def failing(path, member, stranger):
    """At opening, and at a question."""
    for fail in WAYS + ["size"]:
        reader = Counting(path)
        reader.fail = fail
        said = unreadable(lambda: Filter.from_reader(reader))
        if fail == "reader_error":
            assert "the card was pulled" in said, said
        if fail == "other_error":
            assert "unforeseen" in said, said
        if fail == "short":
            assert "gave 511" in said, said
    reader = Counting(path)
    filter = Filter.from_reader(reader)
    for fail in WAYS:
        for text in [member, stranger]:
            reader.fail = fail
            unreadable(lambda: filter.check(text))
            # What failed once is no harm to the next question.
            reader.fail = None
            assert filter.check(member).is_exposed()
            assert filter.check(stranger).is_not_exposed()


def descriptors(path, member):
    """What is no file, or not so much of one."""
    reader, writer = os.pipe()
    for call in [
        lambda: Filter.from_descriptor(reader),
        lambda: Filter.from_descriptor(writer),
        lambda: Filter.open(f"/dev/fd/{reader}"),
    ]:
        said = unreadable(call)
        assert said == "the file cannot be read: this is a pipe; copy it to a file first", said
    os.close(reader)
    os.close(writer)
    said = unreadable(lambda: Filter.from_descriptor(reader))
    assert said == f"the file cannot be read: {reader} is no open descriptor", said
    with open(path, "rb") as file:
        filter = Filter.from_descriptor(file.fileno())
        size = os.fstat(file.fileno()).st_size
        said = unreadable(lambda: Filter.from_descriptor(file.fileno(), 1, size))
        assert said.endswith(f"{size} bytes from byte 1 on were asked for, and it has {size} bytes"), said
    assert filter.check(member).is_exposed()


def threads(path, member, stranger):
    filter = Filter.open(path)
    failed = []

    def ask():
        for _ in range(500):
            if not filter.check(member).is_exposed() or not filter.check(stranger).is_not_exposed():
                failed.append(True)

    running = [threading.Thread(target=ask) for _ in range(4)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    assert not failed


def peak_bytes():
    """The most memory that this program has had. Not `ru_maxrss`: that begins with what the program
    had which started this one."""
    with open("/proc/self/status") as file:
        return int(next(line for line in file if line.startswith("VmHWM")).split()[1]) * 1024


def read_bytes():
    """What this process has read from files, by the system's count."""
    with open("/proc/self/io") as file:
        return int(next(line for line in file if line.startswith("rchar")).split()[1])


def large(path, members, strangers, small):
    """Bytes and memory, through a reader and by path, beside those of a small file."""
    # Warm up what is made at first use, in both ways.
    for filter in [Filter.open(small), Filter.from_reader(Counting(small))]:
        filter.check(members[0])
    before_bytes = peak_bytes()
    reader = Counting(path)
    filter = Filter.from_reader(reader)
    opening = list(reader.reads)
    lookups = []
    for text, is_right in [(members, "is_exposed"), (strangers, "is_not_exposed")]:
        for text in text:
            reader.reads.clear()
            assert getattr(filter.check(text), is_right)(), text
            lookups.append(list(reader.reads))
    idle = read_bytes()
    overhead = read_bytes() - idle
    start = read_bytes()
    by_path = Filter.open(path)
    opened = read_bytes()
    by_path.check(members[0])
    asked = read_bytes()
    return {
        "file_bytes": os.stat(path).st_size,
        "open_reads": opening,
        "lookup_reads": max(len(reads) for reads in lookups),
        "lookup_bytes": max(sum(length for _, length in reads) for reads in lookups),
        "by_path_open_bytes": opened - start - overhead,
        "by_path_lookup_bytes": asked - opened - overhead,
        "peak_bytes": peak_bytes(),
        "peak_growth_bytes": peak_bytes() - before_bytes,
    }


def main():
    asked = json.load(sys.stdin)
    # First, while nothing else has raised the peak.
    said = large(*asked["large"])
    (path, member, _), (other, _, _) = asked["small"]
    copied(path, other, member)
    for small in asked["small"]:
        failing(*small)
        descriptors(*small[:2])
        threads(*small)
    print(json.dumps(said))


main()
