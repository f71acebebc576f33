#!/usr/bin/env python3
"""Writes phone_examples.tsv: libphonenumber's example numbers in four spellings.

    pip install phonenumbers==9.0.43 && python3 phone_examples.py > phone_examples.tsv

One line for every region and type that has an example: the region, the E.164
digits that libphonenumber reads from all four spellings with that region as
default, and the spellings. Nobody has these numbers: they are made up by the
authors of the metadata.
"""

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType

print(f"# libphonenumber {phonenumbers.__version__}; by phone_examples.py")
print("# region\te164\tE.164\tinternational\tnational\tRFC 3966")
FORMATS = [PhoneNumberFormat.E164, PhoneNumberFormat.INTERNATIONAL, PhoneNumberFormat.NATIONAL, PhoneNumberFormat.RFC3966]
for region in sorted(phonenumbers.SUPPORTED_REGIONS):
    for kind in sorted(PhoneNumberType.values()):
        example = phonenumbers.example_number_for_type(region, kind)
        if example is None:
            continue
        expected = phonenumbers.format_number(example, PhoneNumberFormat.E164)[1:]
        spellings = [phonenumbers.format_number(example, form) for form in FORMATS]
        for text in spellings:
            read = phonenumbers.parse(text, region)
            assert phonenumbers.format_number(read, PhoneNumberFormat.E164)[1:] == expected, (region, text)
        print("\t".join([region, expected] + spellings))
