"""Opens the files and answers the questions of standard input; see program.rs."""

import os
import sys
import tempfile

import leaksieve_uniffi as leaksieve
from leaksieve_uniffi import Covers, Digest, Filter, FilterError, Kind, Reader, ReaderError, Trust, Verdict

KINDS = [None, Kind.PHONE, Kind.EMAIL, Kind.USERNAME, Kind.ID, Kind.PASSWORD, Kind.SHA1, Kind.NTLM]


class FileReader(Reader):
    """What an app would write for a file that it alone can reach."""

    def __init__(self, path):
        self.file = open(path, "rb", buffering=0)

    def size_bytes(self):
        return os.fstat(self.file.fileno()).st_size

    def read_at(self, offset_bytes, num_bytes):
        return os.pread(self.file.fileno(), num_bytes, offset_bytes)


def opened(way, path, trust):
    if way == "path":
        return Filter.open(path, trust)
    if way == "descriptor":
        descriptor = os.open(path, os.O_RDONLY)
        try:
            return Filter.from_descriptor(descriptor, trust=trust)
        finally:
            os.close(descriptor)
    if way == "region":
        with open(path, "rb") as file, tempfile.TemporaryFile() as larger:
            content = file.read()
            larger.write(b"P" * 1237 + content + b"behind" * 200)
            larger.flush()
            return Filter.from_descriptor(larger.fileno(), 1237, len(content), trust)
    return Filter.from_reader(FileReader(path), trust)


def covers(dataset):
    """In the host's words."""
    kind = dataset.kind.name.lower()
    what = dataset.covers
    if what.is_phone_region():
        return f"{kind}, {what.region} +{what.calling_code}"
    if what.is_phone_world():
        return f"{kind}, all countries"
    if what.is_username() or what.is_id():
        case = f"{kind}, case {'exact' if what.is_case_exact else 'folded'}"
        is_kept = what.is_id() and what.are_separators_kept
        return case + (", blanks and dashes count" if is_kept else "")
    if what.is_chinese_resident_id():
        return f"{kind}, Chinese resident"
    if what.is_password():
        return f"{kind}, as {'SHA-1' if what.digest == Digest.SHA1 else 'NTLM'}"
    assert what.is_email()
    return kind


def about(filter):
    about = filter.about()
    fields = [
        "open", about.file_id, about.size_bytes, about.num_trailing_bytes, about.created_unix_s,
        about.expires_unix_s, str(about.has_expired).lower(), about.epoch, about.signer,
    ]
    for leak in about.datasets:
        fields += [
            leak.name, leak.date, leak.source_note, leak.kind.name.lower(), covers(leak),
            leak.num_items, leak.num_rejected, leak.min_count, leak.false_alarm_one_in,
        ]
    return fields


def absences(verdict):
    fields = []
    for absence in verdict.absences:
        fields += [absence.name, absence.date, absence.num_rejected, absence.min_count]
    return fields


def answer(filter, kind, text):
    try:
        verdict = filter.check_bytes(text, kind)
        try:
            assert filter.check(text.decode(), kind) == verdict
        except UnicodeDecodeError:
            pass
    except FilterError as error:
        return refused(error)
    if verdict.is_exposed():
        fields = ["exposed"]
        for leak in verdict.leaks:
            fields += [leak.name, leak.date, leak.false_alarm_one_in, leak.found]
        return fields
    if verdict.is_not_exposed():
        return ["not_exposed"] + absences(verdict)
    assert isinstance(verdict, Verdict.NOT_COVERED)
    fields = ["not_covered", len(verdict.gaps)]
    for gap in verdict.gaps:
        fields += [gap.name, gap.date, gap.message]
    return fields + absences(verdict)


def refused(error):
    return ["error", type(error).__name__, str(error)]


def main():
    filter = None
    for line in sys.stdin.buffer:
        word, *fields = line.decode().rstrip("\n").split("\t")
        if word == "open":
            way, path, keys, min_epoch, allow_expired = fields
            trust = Trust(
                keys=keys.split(",") if keys else [],
                min_epoch=int(min_epoch),
                allow_expired=allow_expired == "1",
            )
            filter = None
            try:
                filter = opened(way, path, trust)
                said = about(filter)
            except FilterError as error:
                said = refused(error)
            except IsADirectoryError:
                # Before leaksieve came into it, which would have said:
                said = ["error", "Unreadable", "is a directory"]
            except OSError as error:
                said = ["error", "Unreadable", f"{error.strerror} (os error {error.errno})"]
        elif filter is None:
            said = ["closed"]
        else:
            kind, text = fields
            said = answer(filter, KINDS[int(kind)], bytes.fromhex(text))
        print("\t".join("" if field is None else str(field) for field in said), flush=True)


main()
