"""Which people of a table are in a leak: polars. Arguments: a file of phone numbers."""

import sys

import polars as pl

import leaksieve

people = pl.DataFrame(
    {"name": ["Ann", "Bo", "Chen", "Di"], "phone": ["+86 138 0013 8000", "13900139999", None, "12"]}
)
if len(sys.argv) != 2:
    sys.exit("name a file of phone numbers; docs/python.md makes one")
leaks = leaksieve.Filter.open(sys.argv[1])
answers = pl.DataFrame(leaks.check_many(people["phone"], kind="phone", reason=True))
with pl.Config(fmt_str_lengths=100, tbl_width_chars=150):
    print(pl.concat([people, answers], how="horizontal"))
