#!/usr/bin/env python3
"""Writes regions.tsv: what libphonenumber's metadata says of each region.

    pip install phonenumbers==9.0.43 && python3 regions.py > regions.tsv

One line a region, "-" for nothing. The patterns are the metadata's own; they
become rule lists when a profile is made (compile.rs).
"""

import phonenumbers
from phonenumbers.phonemetadata import PhoneMetadata

print(f"# libphonenumber {phonenumbers.__version__} metadata, (C) The Libphonenumber Authors, Apache-2.0; by regions.py")
print("# region\tcalling_code\tis_main\tnum_digits\tinternational_prefix\tnational_prefix\tnational_prefix_transform\tnumbers")
for region in sorted(phonenumbers.SUPPORTED_REGIONS):
    metadata = PhoneMetadata.metadata_for_region(region)
    main = phonenumbers.region_code_for_country_code(metadata.country_code)
    fields = [
        region,
        str(metadata.country_code),
        "main" if main == region else "-",
        ",".join(str(n) for n in metadata.general_desc.possible_length),
        metadata.international_prefix or "-",
        metadata.national_prefix_for_parsing or "-",
        metadata.national_prefix_transform_rule or "-",
        metadata.general_desc.national_number_pattern,
    ]
    print("\t".join(fields))
