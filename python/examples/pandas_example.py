"""Which people of a table are in a leak: pandas. Give a file of phone numbers."""

import sys

import pandas as pd

import leaksieve

people = pd.DataFrame(
    {"name": ["Ann", "Bo", "Chen", "Di"], "phone": ["+86 138 0013 8000", "13900139999", None, "12"]}
).sort_values("name", ascending=False)
leaks = leaksieve.Filter.open(sys.argv[1])
verdicts = leaks.check_many(people["phone"], kind="phone")
# The answers have no index: ".array", or pandas would sort them by it.
people["verdict"] = pd.Series.from_arrow(verdicts).array  # type: ignore[attr-defined]  # pandas-stubs lack it
print(people)
# Only "not_exposed" is a no.
print(people.loc[people["verdict"] != "not_exposed", "name"].to_list())
