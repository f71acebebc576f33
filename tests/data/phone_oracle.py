#!/usr/bin/env python3
"""Asks filters of random telephone numbers in every spelling, with libphonenumber as the judge.

    python3 -m venv venv && venv/bin/pip install phonenumbers
    venv/bin/python phone_oracle.py LEAKSIEVE                     # all regions, 200 numbers of each type
    venv/bin/python phone_oracle.py LEAKSIEVE --numbers 5 --regions CN,DE,US,AR,IT,BJ,world

For every region: random valid numbers of each type, half of them members and half strangers. The members
are written as five lists: in E.164, E.164 without its plus, with the region's international prefix, as
dialled at home, and as RFC 3966. Each list is built, and its filter is asked for all numbers in all of
these spellings. `world` is built of all regions' numbers; it has no home.

What has to be 0:
  lies    a member that is "not exposed"
  timid   a stranger in E.164, international or national form of which the filter "cannot say"
  refused a list that is not built
The exit status is 1 if something is not. Also shown: members of whom the filter cannot say, strangers
that are "exposed" (false alarms, and other forms of a member's number in a plan that changed), and the
share of strangers without plus of whom the filter cannot say, which need not be 0.

Numbers are left out, and counted, whose own national spelling libphonenumber reads as another number.
The seed is fixed: each run asks the same. Nobody's numbers are meant: these are random.
"""

import argparse
import collections
import json
import os
import random
import re._parser as parser
import subprocess
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor

import phonenumbers
from phonenumbers import PhoneMetadata, PhoneNumberFormat

TYPES = [
    "fixed_line", "mobile", "toll_free", "premium_rate", "shared_cost",
    "personal_number", "voip", "pager", "uan", "voicemail",
]
LISTS = ["E.164", "no plus", "prefix", "national", "RFC 3966"]
# What is asked of strangers, and must have an answer.
FULL = ["E.164", "international", "national"]


def sample(random, pattern, most=4):
    """A random text of a regular expression, as those of libphonenumber are."""
    text = ""
    for op, value in pattern:
        name = str(op)
        if name == "LITERAL":
            text += chr(value)
        elif name == "IN":
            choices = []
            for kind, item in value:
                if str(kind) == "LITERAL":
                    choices.append(chr(item))
                elif str(kind) == "RANGE":
                    choices += [chr(c) for c in range(item[0], item[1] + 1)]
                else:
                    choices += "0123456789"
            text += random.choice(choices)
        elif name == "BRANCH":
            text += sample(random, random.choice(value[1]), most)
        elif name == "SUBPATTERN":
            text += sample(random, value[3], most)
        elif name == "MAX_REPEAT":
            low, high, inner = value
            for _ in range(random.randint(low, min(high, low + most))):
                text += sample(random, inner, most)
    return text


def spellings(region, number, prefix):
    """All spellings of a number, or None when its own national one is another number."""
    form = lambda f: phonenumbers.format_number(number, f)
    e164 = form(PhoneNumberFormat.E164)
    all = {
        "E.164": e164,
        "no plus": e164[1:],
        "prefix": prefix + e164[1:],
        "RFC 3966": form(PhoneNumberFormat.RFC3966),
        "international": form(PhoneNumberFormat.INTERNATIONAL),
    }
    if region != "world":
        all["national"] = form(PhoneNumberFormat.NATIONAL)
        try:
            if phonenumbers.parse(all["national"], region) != number:
                return None
        except phonenumbers.NumberParseException:
            return None
    return all


def numbers(region, count):
    """Valid numbers of each type, and how many texts were tried in vain."""
    metadata = PhoneMetadata.metadata_for_region(region)
    rng = random.Random(f"leaksieve {region}")
    found = {}
    for kind in TYPES:
        description = getattr(metadata, kind)
        if description is None or not description.national_number_pattern:
            continue
        pattern = parser.parse(description.national_number_pattern)
        of_kind = set()
        for _ in range(count * 3):
            if len(of_kind) == count:
                break
            digits = f"+{metadata.country_code}{sample(rng, pattern)}"
            try:
                number = phonenumbers.parse(digits, None)
            except phonenumbers.NumberParseException:
                continue
            # Without `+`, a text that is read as another number is no spelling of this one.
            e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
            if e164 == digits and phonenumbers.is_valid_number_for_region(number, region):
                of_kind.add(e164)
        for e164 in sorted(of_kind):
            found[e164] = phonenumbers.parse(e164, None)
    order = sorted(found)
    rng.shuffle(order)
    return [found[e164] for e164 in order]


def international_prefix(region):
    if region == "world":
        return "00"
    metadata = PhoneMetadata.metadata_for_region(region)
    pattern = metadata.international_prefix
    rng = random.Random(f"prefix {region}")
    return sample(rng, parser.parse(pattern)) if pattern else None


def ask(binary, region, folder, name, members, strangers):
    """Build a list, and ask it everything. A Counter by (who, spelling, verdict), and examples."""
    source, target = os.path.join(folder, "list.txt"), os.path.join(folder, "list.lsv")
    with open(source, "w", encoding="utf-8") as f:
        f.writelines(texts[name] + "\n" for texts in members)
    command = [binary, "build", source, "-o", target, "--kind", "phone", "--region", region]
    built = subprocess.run(command + ["--fpr", "1e-6", "--name", "L", "--force", "--quiet", "--threads", "1"], capture_output=True)
    if built.returncode:
        return collections.Counter({("list", name, "refused"): 1}), [f"{region} {name}: refused: {built.stderr.decode()[:300].strip()}"]
    questions = [("member", form, texts[form]) for texts in members for form in LISTS if form in texts]
    questions += [("stranger", form, texts[form]) for texts in strangers for form in FULL + ["no plus"] if form in texts]
    asked = subprocess.run([binary, "check", target, "--format", "json"], input="".join(text + "\n" for _, _, text in questions).encode(), capture_output=True)
    verdicts = [json.loads(line)["verdict"] for line in asked.stdout.splitlines()]
    if len(verdicts) != len(questions):
        return collections.Counter({("list", name, "refused"): 1}), [f"{region} {name}: {asked.stderr.decode()[:300]}"]
    counts, bad = collections.Counter(), collections.defaultdict(list)
    for (who, form, text), verdict in zip(questions, verdicts):
        counts[who, form, verdict] += 1
        if who == "member" and verdict == "not_exposed":
            bad[f"{region}, list {name}: lie, asked {form}"].append(text)
        elif who == "stranger" and form in FULL and verdict not in ("exposed", "not_exposed"):
            bad[f"{region}, list {name}: timid, asked {form}"].append(text)
    return counts, [f"{what}: {len(texts)}, such as {texts[0]}" for what, texts in bad.items()]


def one_region(arguments):
    binary, region, count = arguments
    if region == "world":
        each = max(2, count // 20)
        found = [n for r in sorted(phonenumbers.SUPPORTED_REGIONS) for n in numbers(r, each)]
    else:
        found = numbers(region, 2 * count)
    prefix = international_prefix(region)
    texts = [spellings(region, number, prefix or "00") for number in found]
    num_left_out = texts.count(None)
    texts = [text for text in texts if text]
    members, strangers = texts[::2], texts[1::2]
    results, bad = {}, []
    with tempfile.TemporaryDirectory() as folder:
        for name in LISTS:
            if name == "national" and region == "world" or name == "prefix" and not prefix or not members:
                continue
            results[name], problems = ask(binary, region, folder, name, members, strangers)
            bad += problems
    return region, len(members), len(strangers), num_left_out, results, bad


def main():
    options = argparse.ArgumentParser(description="Asks filters of random telephone numbers in every spelling.")
    options.add_argument("leaksieve", help="the command")
    options.add_argument("--numbers", type=int, default=200, help="members of each region and type [200]")
    options.add_argument("--regions", help="only these, with commas between [all, and world]")
    options.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes [one a core]")
    options = options.parse_args()
    regions = options.regions.split(",") if options.regions else ["world"] + sorted(phonenumbers.SUPPORTED_REGIONS)
    jobs = [(os.path.abspath(options.leaksieve), region, options.numbers) for region in regions]
    total = {name: collections.Counter() for name in LISTS}
    num_members = num_strangers = num_left_out = 0
    with ProcessPoolExecutor(options.jobs) as pool:
        for region, members, strangers, left_out, results, bad in pool.map(one_region, jobs):
            num_members, num_strangers, num_left_out = num_members + members, num_strangers + strangers, num_left_out + left_out
            for name, counts in results.items():
                total[name] += counts
            for line in bad:
                print(line, flush=True)
    print(f"\nlibphonenumber {phonenumbers.__version__}, {len(regions)} regions: {num_members} members, {num_strangers} strangers; "
          f"{num_left_out} left out, whose national spelling is read as another number")
    print(f"{'list':10} {'asked':14} {'members':>9} {'lies':>6} {'cannot say':>10}   {'strangers':>9} {'timid':>6} {'exposed':>7}")
    lies = timid = refused = 0
    for name in LISTS:
        counts = total[name]
        refused += counts["list", name, "refused"]
        for form in LISTS + ["international"]:
            row = {(who, verdict): counts[who, form, verdict] for who in ("member", "stranger") for verdict in {v for _, _, v in counts}}
            of = lambda who: sum(n for (w, _), n in row.items() if w == who)
            lied, exposed = row.get(("member", "not_exposed"), 0), row.get(("stranger", "exposed"), 0)
            members_unsaid = of("member") - lied - row.get(("member", "exposed"), 0)
            unsaid = of("stranger") - exposed - row.get(("stranger", "not_exposed"), 0)
            if of("member") or of("stranger"):
                print(f"{name:10} {form:14} {of('member'):9} {lied:6} {members_unsaid:10}   {of('stranger'):9} {unsaid:6} {exposed:7}")
            lies += lied
            if form in FULL:
                timid += unsaid
    asked = sum(n for c in total.values() for (who, form, _), n in c.items() if (who, form) == ("stranger", "no plus"))
    said = sum(c["stranger", "no plus", verdict] for c in total.values() for verdict in ("exposed", "not_exposed"))
    print(f"\n{lies} lies, {timid} timid answers, {refused} lists refused; without plus the filters cannot say of "
          f"{(asked - said) / max(asked, 1):.2%} of the strangers")
    return 1 if lies or timid or refused else 0


if __name__ == "__main__":
    sys.exit(main())
