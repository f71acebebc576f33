#!/usr/bin/env python3
"""Writes vectors.tsv: what each golden file has to say of each text, and which files are refused.

    pip install phonenumbers==9.0.43 idna==3.18 && python3 vectors.py > vectors.tsv

The answers come from the plain lists (core/tests/golden/*.txt) and from Python's libraries, by the rules of
core/FORMAT.md: no code of leaksieve's is asked. A line of the table:

    file     a golden file, or one with a change: `:cut=N` its first N bytes, `:flip=N` a bit of byte N changed,
             `:forge=S/N` byte N of sector S changed and the checksum made right, `:damaged` and `:forged` the
             same to every sector of its datasets
    keys     the trusted keys, with commas between; empty: every file is accepted
    epoch    the lowest that is accepted
    clock    seconds since 1970; empty: today
    kind     what the text is said to be; empty: nothing is said
    text     \\xNN is a byte
    outcome  exposed, not_exposed, not_covered or error
    why      how it was found, why the file cannot say (of each dataset that cannot, with commas between), or the
             error; `*` where these libraries do not tell

Where a text has characters outside ASCII, a reader without Unicode's tables may answer `not_covered` for the reason
`needs_folding` instead. A stranger may be a false alarm, which no oracle can know: those are named in FALSE_ALARMS.
"""

import hashlib
import pathlib
import re
import struct
import unicodedata

import idna
import phonenumbers
from phonenumbers import NumberParseException, ValidationResult

GOLDEN = pathlib.Path(__file__).resolve().parents[2] / "core/tests/golden"
# Of (file, kind, text): none is known.
FALSE_ALARMS = set()

OUR_KEY = "ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c"
# The first of RFC 8032's test vectors.
OTHER_KEY = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
EPOCH = 7
EXPIRES = 4_102_444_800

INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff"
    "\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
DASHES = re.compile("[-\u2010-\u2015\u2043\u2212\ufe31\ufe32\ufe58\ufe63\uff0d\\s]")


class NoItem(Exception):
    """Why a text is no item."""


def trimmed(text):
    try:
        text = text.decode()
    except UnicodeDecodeError:
        raise NoItem("not_utf8") from None
    cut = None
    while cut != text:
        cut, text = text, text.strip()
        text = INVISIBLE.sub("", text[:1]) + text[1:-1] + INVISIBLE.sub("", text[-1:]) if len(text) > 1 else INVISIBLE.sub("", text)
    if not text:
        raise NoItem("empty")
    if len(text.encode()) > 256:
        raise NoItem("too_long")
    return text


def folded(text):
    """NFKC, case folded, NFKC."""
    if any(unicodedata.category(c) == "Cc" for c in text):
        raise NoItem("control_character")
    text = unicodedata.normalize("NFKC", INVISIBLE.sub("", text)).casefold()
    return unicodedata.normalize("NFKC", text.replace("\u0131", "i").replace("i\u0307", "i"))


class Email:
    kinds = ["email"]

    def __init__(self, lines):
        self.items, self.without_tags = set(), set()
        for line in lines:
            item = self.item(line)
            self.items.add(item)
            if without := self.without_tag(item):
                self.without_tags.add(without)

    def item(self, text):
        text = trimmed(text)
        if re.search(r"[*\u2022\u2026\u25cf\ufe61\uff0a]|\.\.\.|\?\?\?|###", text):
            raise NoItem("masked")
        local, sign, domain = text.replace("\uff20", "@").rpartition("@")
        local = folded(local)
        if not local or len(local.encode()) > 64 or re.search(r'[ "(),:;<>@\[\\\]]', local):
            raise NoItem("not_an_email")
        domain = re.sub("[.\u3002\uff0e\uff61]$", "", INVISIBLE.sub("", domain))
        if any(unicodedata.category(c) == "Cc" for c in domain):
            raise NoItem("control_character")
        try:
            domain = domain.lower() if domain.isascii() else idna.encode(domain, uts46=True).decode()
        except idna.IDNAError:
            raise NoItem("not_an_email") from None
        label = "(?!-)[a-z0-9_-]{1,63}(?<!-)"
        if not re.fullmatch(rf"({label}\.)+(xn--{label}|[a-z]{{2,}})", domain) or len(domain) > 253:
            raise NoItem("not_an_email")
        if domain in ("gmail.com", "googlemail.com"):
            local, domain = local.replace(".", ""), "gmail.com"
        return f"{local}@{domain}"

    @staticmethod
    def without_tag(item):
        local, _, domain = item.partition("@")
        base, sign, _ = local.partition("+")
        return f"{base}@{domain}" if sign and base else None

    def ask(self, kind, text):
        item = self.item(text)
        without = self.without_tag(item)
        if item in self.items:
            return "exposed", ""
        if without in self.items:
            return "exposed", "without_tag"
        return ("exposed", "with_tag") if without is None and item in self.without_tags else ("not_exposed", "")


class Username:
    kinds = ["username"]

    def __init__(self, lines):
        self.items = {self.item(line) for line in lines}

    def item(self, text):
        name = folded(trimmed(text))
        while (cut := name.strip().removeprefix("@")) != name:
            name = cut
        if not name:
            raise NoItem("empty")
        return name

    def ask(self, kind, text):
        return ("exposed" if self.item(text) in self.items else "not_exposed"), ""


class ResidentId(Username):
    kinds = ["id"]

    def item(self, text):
        text = DASHES.sub("", INVISIBLE.sub("", unicodedata.normalize("NFKC", trimmed(text)))).upper()
        if not re.fullmatch(r"\d{17}[\dX]|\d{15}", text, re.ASCII):
            raise NoItem("not_an_id")
        body = text[:17] if len(text) == 18 else text[:6] + "19" + text[6:]
        total = sum(int(digit) * pow(2, 17 - at, 11) for at, digit in enumerate(body)) % 11
        check = "10X98765432"[total]
        if len(text) == 18 and text[17] != check:
            raise NoItem("check_digit")
        return body + check


class PlainId(Username):
    """Ids of a set of numbers: what is none of digits is no member."""

    kinds = ["id"]

    def item(self, text):
        text = DASHES.sub("", folded(trimmed(text)))
        if not text:
            raise NoItem("empty")
        return "".join(str(unicodedata.decimal(c, c)) for c in text)


def md4(data):
    """RFC 1320, which hashlib no longer has everywhere."""
    state = [0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476]
    data_bits = struct.pack("<Q", 8 * len(data))
    data += b"\x80" + b"\0" * ((55 - len(data)) % 64) + data_bits
    rounds = [
        (lambda x, y, z: x & y | ~x & z, 0, [3, 7, 11, 19], list(range(16))),
        (lambda x, y, z: x & y | x & z | y & z, 0x5A827999, [3, 5, 9, 13], [4 * (i % 4) + i // 4 for i in range(16)]),
        (lambda x, y, z: x ^ y ^ z, 0x6ED9EBA1, [3, 9, 11, 15], [0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15]),
    ]
    for block in range(0, len(data), 64):
        words = struct.unpack("<16I", data[block : block + 64])
        a, b, c, d = state
        for mix, constant, shifts, order in rounds:
            for i, word in enumerate(order):
                a = (a + mix(b, c, d) + words[word] + constant) & 0xFFFFFFFF
                shift = shifts[i % 4]
                a, b, c, d = d, (a << shift | a >> (32 - shift)) & 0xFFFFFFFF, b, c
        state = [(old + new) & 0xFFFFFFFF for old, new in zip(state, (a, b, c, d))]
    return struct.pack("<4I", *state)


assert md4(b"message digest").hex() == "d9130a8164549fe818874806e1c7014b"


class Password:
    """SHA-1 digests of a list of passwords."""

    kinds = ["password", "sha1"]
    hash_digits = 40

    def __init__(self, lines):
        self.digests = {self.digest(form) for line in lines for form in self.forms(line)}
        self.without_blanks = {self.digest(form) for line in lines if line.strip() != line for form in self.forms(line.strip())}

    @staticmethod
    def digest(password):
        return hashlib.sha1(password).hexdigest()

    @staticmethod
    def forms(password):
        """As it is, composed and decomposed."""
        yield password
        if not password.isascii():
            yield from (unicodedata.normalize(form, password.decode()).encode() for form in ("NFC", "NFD"))

    def ask(self, kind, text):
        if kind == self.kinds[-1]:
            digits = text.strip().lower()
            if not digits:
                raise NoItem("empty")
            if not re.fullmatch(rb"[0-9a-f]{%d}" % self.hash_digits, digits):
                raise NoItem("not_a_hash")
            return ("exposed" if digits.decode() in self.digests else "not_exposed"), ""
        if kind in ("sha1", "ntlm"):
            raise NoItem("other_kind")
        if not text:
            raise NoItem("empty")
        if len(text) > 256:
            raise NoItem("too_long")
        if b"\0" in text:
            raise NoItem("control_character")
        if self.digest(text) in self.digests:
            return "exposed", ""
        decoded = re.fullmatch(rb"\$HEX\[((?:[0-9a-fA-F]{2})+)\]", text)
        for password, rule in [(text, ""), (bytes.fromhex(decoded[1].decode()) if decoded else text, "decoded")]:
            forms = [password]
            try:
                forms = list(self.forms(password))
            except UnicodeDecodeError:
                pass
            if any(self.digest(form) in self.digests for form in forms):
                return "exposed", rule or "other_composition"
            if self.digest(password.strip()) in self.digests:
                return "exposed", rule or "without_blanks"
            if password.strip() == password and self.digest(password) in self.without_blanks:
                return "exposed", rule or "with_blanks"
        if re.fullmatch(rb"\s*([0-9a-fA-F]{40}|[0-9a-fA-F]{32})\s*(:.*)?", text, re.DOTALL):
            raise NoItem("looks_like_a_hash")
        try:
            text.decode()
        except UnicodeDecodeError:
            raise NoItem("not_utf8") from None
        return "not_exposed", ""


class Ntlm(Password):
    """NTLM digests of passwords that nobody knows."""

    kinds = ["password", "ntlm"]
    hash_digits = 32

    def __init__(self, lines):
        self.digests = {line.partition(b":")[0].decode().lower() for line in lines}
        self.without_blanks = set()

    @staticmethod
    def digest(password):
        try:
            return md4(password.decode().encode("utf-16le")).hex()
        except UnicodeDecodeError:
            raise NoItem("not_utf8") from None


class Phone:
    """Numbers of one country, or of all if none is said."""

    kinds = ["phone"]

    def __init__(self, lines, region=None):
        self.region = region
        self.items = {self.number(line if region or line.startswith(b"+") else b"+" + line) for line in lines}

    def number(self, text):
        text = trimmed(text)
        # libphonenumber looks for a number in any text, and takes letters for digits.
        if re.search(r"[^\W\d]|[$@\[]", text.removeprefix("tel:")):
            raise NoItem("*")
        try:
            number = phonenumbers.parse(text, self.region)
        except NumberParseException:
            raise NoItem("*") from None
        if self.region and number.country_code != phonenumbers.country_code_for_region(self.region):
            raise NoItem("other_country")
        if number.extension or not phonenumbers.is_valid_number(number):
            reasons = {ValidationResult.TOO_SHORT: "too_few_digits", ValidationResult.TOO_LONG: "too_many_digits"}
            raise NoItem(reasons.get(phonenumbers.is_possible_number_with_reason(number), "*"))
        return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)

    def ask(self, kind, text):
        rule = ""
        try:
            number = self.number(text)
        except NoItem as why:
            number = self.other_reading(text, why)
            rule = "without_extension" if self.region else ""
            if number not in self.items and not self.region and not text.startswith(b"00"):
                raise NoItem("needs_country_code") from None
        return ("exposed", rule) if number in self.items else ("not_exposed", "")

    def other_reading(self, text, why):
        """Without a plus sign that a list of all countries may lack, or without an extension behind a hyphen."""
        if not self.region and re.fullmatch(rb"[1-9][0-9]{6,14}", text):
            return "+" + text.decode()
        if not self.region and re.fullmatch(rb"[0-9 -]{7,}", text) and text.startswith(b"00"):
            return self.number(b"+" + text[2:])
        if self.region and (extension := re.fullmatch(rb"(.*[0-9])[-/][0-9]{1,5}", text)):
            return self.number(extension[1])
        raise why


class ExactPhone(Phone):
    """Numbers of one country in an exact set. What a line may mean, and all else that it may mean, is alike."""

    def __init__(self, lines, region):
        self.region = region
        self.code = str(phonenumbers.country_code_for_region(region)).encode()
        readings = [[number for number, _ in self.readings(line)] for line in lines]
        self.items = {numbers[0] for numbers in readings if len(numbers) == 1}
        self.alike = {number for numbers in readings if len(numbers) > 1 for number in numbers}

    def readings(self, text):
        """The valid numbers that a text may be, each with how it is read: as libphonenumber does, or in another way."""
        digits = b"".join(re.findall(rb"[0-9]", text))
        ways = [(text, "")]
        if re.fullmatch(rb"[0-9 ()/.-]+", text):
            starts = [start for start in (b"0", self.code, b"00" + self.code) if digits.startswith(start) and not digits.startswith(start + b"0")]
            rests = [digits] + [digits[len(start) :] for start in starts]
            ways += [(b"+" + self.code + rest, "other_country_code") for rest in rests]
        readings = {}
        for way, rule in ways:
            try:
                readings.setdefault(self.number(way), rule)
            except NoItem:
                pass
        return readings.items()

    def ask(self, kind, text):
        readings = self.readings(text)
        for number, rule in readings:
            if number in self.items:
                return "exposed", rule
            if number in self.alike:
                return "exposed", "written_alike"
        if not readings:
            self.number(text)
        return "not_exposed", ""


def lines_of(name):
    return (GOLDEN / f"{name}.txt").read_bytes().split(b"\n")[:-1]


PHONE, RIBBON, WORLD = (Phone(lines_of(name), region) for name, region in [("phone", "CN"), ("ribbon", "CN"), ("world", None)])
EMAIL, PASSWORD = Email(lines_of("email")), Password(lines_of("password"))
FILES = {
    "phone": [PHONE],
    "world": [WORLD],
    "email": [EMAIL],
    "username": [Username(lines_of("username"))],
    "id": [ResidentId(lines_of("id"))],
    "password": [PASSWORD],
    "ntlm": [Ntlm(lines_of("ntlm"))],
    "ribbon": [RIBBON],
    "bundle": [PHONE, EMAIL, PASSWORD],
    "signed": [PHONE],
    "signed-ribbon": [RIBBON],
    "exact": [ExactPhone(lines_of("exact"), "DE")],
    "exact-world": [WORLD],
    "exact-id": [PlainId(lines_of("exact-id"))],
}
# The lists of each file, and of how many of their lines one is asked as anything.
LISTS = {"bundle": ["phone", "email", "password"], "signed": ["phone"], "signed-ribbon": ["ribbon"], "exact-world": ["world"]}
STEPS = {"ribbon": 9, "signed-ribbon": 31, "bundle": 5, "signed": 7, "exact-id": 9}
KIND_OF = {"ribbon": "phone", "world": "phone", "exact": "phone", "exact-id": "id"}

OTHERS = [
    "", " ", "\u3000", "13900139999", "+86 139 0013 9999", "8613900139999", "008613900139999", "139", "139001399991234567", "23800138000",
    "138 0013 8000-123", "139 0013 9999-123", "+44 20 7946 0999", "+1 212 555 0100", "442079460019", "442079460999", "004420 7946 0000",
    "stranger@example.com", "member0@example.com", "MEMBER49@EXAMPLE.ORG.", "member0+tag@example.com", "member52@example.com",
    "member52+shop@example.com", "member52+other@example.com", "member52@example.org", "J\u00d6RG@B\u00dcCHER.example", "jo\u0308rg@xn--bcher-kva.example",
    "full@example.com", "me\u200bmber1@example.org", "stranger@b\u00fccher.example", "@example.com", "a***n@example.com", "x@y", "a b@example.com",
    "bell\u0007@example.com", "alice", "@Alice", "ALICE", "\uff21\uff2c\uff29\uff23\uff25", "jose\u0301", "JOS\u00c9", "abc", "\u5c0f\u660e", "nobody",
    "\u00d1and\u00fa", "al\u0007ice", "\ufeffalice", "player_39", "player_40", "11010519491231002x", "110105 19491231-002X", "\uff11\uff11010519491231002X",
    "110105194912310021", "440524188001010014", "110105491231002", "11010519491231", "320311770706001", "secret44", "Secret44", "secret45", "secret44 ",
    "leading", " leading", "leading ", "\u65e5\u672c\u8a9e", "$HEX[736563726574313 2]", "$HEX[73656372657431]", "$HEX[6e6f7468696e67]", "Password", "PASSWORD",
    "caf\u00e9", "da39a3ee5e6b4b0d3255bfef95601890afd80709", "7c4a8d09ca3762af61e59520943dc26494f8941b", "7C4A8D09CA3762AF61E59520943DC26494F8941B:12",
    "31d6cfe0d16ae931b73c59d7e0c089c0", "8846F7EAEE8FB117AD06BDD830B7586C", "a4f49c406510bdcab6824ee7c30fd852", "a4f49c406510bdcab6824ee7c30fd85g",
    "\U0001f980", "tab\there", "semi; colon", '"quoted\\"', "tel:+86-139-0013-9999", "x@\u00fc\ufffd.example", "\u00c5\u0301", "no such password",
    "7", "007", "07", "0171 6783156", "49171 6783154", "+491716783154", "0491716783154", "00491716783154", "01716783154", "0171 6783157", "+49 4917 16783154",
    "STRANGER@EXAMPLE.COM", "STRANGER@B\u00dcCHER.example", "x@b\u00fccher.example", "1390013999912345",
]
STRANGERS = [f"1390000{i:04}" for i in range(0, 40, 3)] + [f"stranger{i}@example.com" for i in range(0, 40, 3)] + [f"nobody_{i}" for i in range(6)]
BYTES = [b"x" * 300, b"not \xff UTF-8", b"caf\xe9"]
WRONG_KINDS = ["email", "phone", "sha1", "ntlm"]


def answer(name, kind, text):
    """What a file says: exposed if a dataset does, else not covered if one cannot say."""
    datasets = FILES[name]
    if kind:
        # Where no dataset is of the kind, all are asked.
        of_kind = [d for d in datasets if kind in d.kinds or kind in ("sha1", "ntlm") and "password" in d.kinds]
        datasets = of_kind or datasets
    exposed, gaps = [], []
    for dataset in datasets:
        try:
            if kind and kind not in dataset.kinds:
                raise NoItem("other_kind")
            outcome, rule = dataset.ask(kind, text)
            if outcome == "exposed":
                exposed.append(rule)
        except NoItem as why:
            gaps.append(str(why))
    if exposed or (name, kind, text) in FALSE_ALARMS:
        return "exposed", ",".join(filter(None, exposed))
    return ("not_covered", ",".join(gaps)) if gaps else ("not_exposed", "")


def escaped(text):
    """Bytes that are not seen, no text, or at an end where they get lost."""
    shown = "".join(
        c if c.isprintable() and c not in "\\" and (c != " " or 0 < at < len(text) - 1) else "".join(f"\\x{b:02x}" for b in c.encode(errors="surrogateescape"))
        for decoded in [text.decode(errors="surrogateescape")]
        for at, c in enumerate(decoded)
    )
    return shown


def row(file, text, outcome, why, keys=(), epoch=0, clock="", kind=""):
    print("\t".join([file, ",".join(keys), str(epoch), str(clock), kind, escaped(text), outcome, why]))


def typed(name, line):
    """What a person types for a line of a list: a plus sign, and no count."""
    if name == "ntlm":
        return line.partition(b":")[0]
    return b"+" + line if name == "world" and not line.startswith(b"+") else line


def main():
    print(f"# By vectors.py, with libphonenumber {phonenumbers.__version__} and idna {idna.__version__}")
    print("# file\tkeys\tlowest epoch\tclock\tkind\ttext\toutcome\twhy")
    others = [text.encode() for text in OTHERS + STRANGERS] + BYTES
    for name in FILES:
        # All lines, as what they are.
        members = []
        for of in LISTS.get(name, [name]):
            for line in map(lambda line: typed(of, line), lines_of(of)):
                members.append(line)
                row(f"{name}.lsv", line, *answer(name, KIND_OF.get(of, of), line), kind=KIND_OF.get(of, of))
        own = list(dict.fromkeys(kind for dataset in FILES[name] for kind in dataset.kinds))
        strangers = others[:: 3 if name.startswith("signed") else 1]
        for kind in [""] + own:
            for text in dict.fromkeys(members[:: 9 if kind else STEPS.get(name, 1)] + strangers):
                row(f"{name}.lsv", text, *answer(name, kind, text), kind=kind)
        for kind in WRONG_KINDS:
            for text in members[:4]:
                if kind not in own:
                    row(f"{name}.lsv", text, *answer(name, kind, text), kind=kind)

    # On other terms.
    member, stranger, foreign = b"13800138000", b"13900139999", b"stranger@example.com"
    questions = [(member, "exposed", ""), (stranger, "not_exposed", ""), (foreign, "not_covered", "*")]
    for keys in [[OUR_KEY], [OTHER_KEY, OUR_KEY], [OUR_KEY.upper()]]:
        for epoch in [0, EPOCH]:
            for kind in ["", "phone"]:
                for text, outcome, why in questions:
                    row("signed.lsv", text, outcome, why, keys, epoch, kind=kind)
    for keys, epoch, file, why in [
        ([OTHER_KEY], 0, "signed.lsv", "unknown_signer"),
        ([OUR_KEY], 0, "phone.lsv", "unsigned"),
        ([OUR_KEY], EPOCH + 1, "signed.lsv", "epoch_too_low"),
        ([], EPOCH + 1, "email.lsv", "epoch_too_low"),
    ]:
        for text, _, _ in questions:
            row(file, text, "error", why, keys, epoch)
    for clock in [EXPIRES - 1, EXPIRES, EXPIRES + 10**9]:
        for file in ["phone.lsv", "signed.lsv"]:
            row(file, member, "exposed", "", clock=clock, kind="phone")
            row(file, stranger, *(("not_exposed", "") if clock < EXPIRES else ("not_covered", "expired")), clock=clock, kind="phone")

    # Changed.
    sizes = {name: (GOLDEN / f"{name}.lsv").stat().st_size for name in ("phone", "signed", "email")}
    refused = [(f"{name}:cut={length}", "not_a_filter") for name in sizes for length in (0, 7, 511)]
    refused += [(f"{name}:cut={size - short}", "truncated") for name, size in sizes.items() for short in (1, 512)]
    refused += [(f"{name}:flip={at}", "not_a_filter") for name in sizes for at in (0, 7)]
    refused += [(f"{name}:flip={at}", "sector_damaged") for name in sizes for at in (9, 16, 100, 511)]
    refused += [(f"{name}:forge=0/8", "unsupported_version") for name in sizes]
    refused += [(f"{name}:forge=0/14", "header_malformed") for name in ("phone", "email")]
    refused += [("signed:forge=0/60", "bad_signature"), (f"signed:forge={sizes['signed'] // 512 - 1}/40", "bad_signature")]
    for change, why in refused:
        file, _, change = change.partition(":")
        for text, _, _ in questions:
            row(f"{file}.lsv:{change}", text, "error", why)
    for name, change, why in [("phone", "damaged", "sector_damaged"), ("exact", "damaged", "sector_damaged"), ("signed", "damaged", "sector_damaged"), ("signed", "forged", "not_as_signed")]:
        for kind in ["", "phone"]:
            for text in [member, stranger]:
                row(f"{name}.lsv:{change}", text, "error", why, kind=kind)
            # No sector is read for it.
            row(f"{name}.lsv:{change}", foreign, "not_covered", "*", kind=kind)


main()
