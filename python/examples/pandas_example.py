"""Which people of a table are in a leak: pandas. Arguments: a file of phone numbers."""

import sys

import pandas as pd

import leaksieve

people = pd.DataFrame(
    {"name": ["Ann", "Bo", "Chen", "Di"], "phone": ["+86 138 0013 8000", "13900139999", None, "12"]}
).sort_values("name", ascending=False)
if len(sys.argv) != 2:
    sys.exit("name a file of phone numbers; docs/python.md makes one")
leaks = leaksieve.Filter.open(sys.argv[1])
# Row by row, whatever the index is.
people["verdict"] = leaks.check_many(people["phone"], kind="phone").to_pylist()
print(people)
# Only "not_exposed" is a no.
print(people.loc[people["verdict"] != "not_exposed", "name"].to_list())
