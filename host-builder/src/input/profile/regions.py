#!/usr/bin/env python3
"""Writes regions.tsv and plans.tsv: what libphonenumber's metadata says.

    pip install phonenumbers==9.0.43 && python3 regions.py

regions.tsv has one line a region, "-" for nothing. plans.tsv has the numbers that
libphonenumber calls valid: the patterns of the types of numbers, those with the same
lengths in one line; "001" is a calling code of no region. The patterns are the metadata's
own; they become rule lists and plans when a profile is made (compile.rs, plan.rs).
"""

import pathlib

import phonenumbers
from phonenumbers.phonemetadata import PhoneMetadata

TYPES = (
    "fixed_line mobile toll_free premium_rate shared_cost personal_number voip pager uan voicemail"
).split()
NON_GEOGRAPHIC = "001"
FOLDER = pathlib.Path(__file__).parent
HEAD = (
    f"# libphonenumber {phonenumbers.__version__} metadata, "
    "(C) The Libphonenumber Authors, Apache-2.0; by regions.py"
)


def regions():
    yield HEAD
    yield "# region\tcalling_code\tis_main\tnum_digits\tinternational_prefix\tnational_prefix\tnational_prefix_transform\tnumbers"
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        metadata = PhoneMetadata.metadata_for_region(region)
        main = phonenumbers.region_code_for_country_code(metadata.country_code)
        yield "\t".join([
            region,
            str(metadata.country_code),
            "main" if main == region else "-",
            ",".join(str(n) for n in metadata.general_desc.possible_length),
            metadata.international_prefix or "-",
            metadata.national_prefix_for_parsing or "-",
            metadata.national_prefix_transform_rule or "-",
            metadata.general_desc.national_number_pattern,
        ])


def plans():
    yield HEAD
    yield "# calling_code\tregion\tnum_digits\tnumbers"
    for calling_code, names in sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE.items()):
        for region in names:
            if region == NON_GEOGRAPHIC:
                metadata = PhoneMetadata.metadata_for_nongeo_region(calling_code)
            else:
                metadata = PhoneMetadata.metadata_for_region(region)
            by_lengths = {}
            for each in TYPES:
                numbers = getattr(metadata, each)
                if numbers is None or not numbers.national_number_pattern:
                    continue
                if numbers.national_number_pattern == "NA" or numbers.possible_length == (-1,):
                    continue
                # A type without lengths has those of the region.
                lengths = numbers.possible_length or metadata.general_desc.possible_length
                patterns = by_lengths.setdefault(lengths, [])
                if numbers.national_number_pattern not in patterns:
                    patterns.append(numbers.national_number_pattern)
            for lengths, patterns in sorted(by_lengths.items()):
                num_digits = ",".join(str(n) for n in lengths)
                yield "\t".join([str(calling_code), region, num_digits, "|".join(patterns)])


for name, lines in ("regions.tsv", regions()), ("plans.tsv", plans()):
    (FOLDER / name).write_text("".join(f"{line}\n" for line in lines))
