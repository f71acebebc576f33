"""Which people of a table are in a leak: PyArrow. Arguments: a file of phone numbers."""

import sys

import pyarrow as pa

import leaksieve

people = pa.table(
    {"name": ["Ann", "Bo", "Chen", "Di"], "phone": ["+86 138 0013 8000", "13900139999", None, "12"]}
)
if len(sys.argv) != 2:
    sys.exit("name a file of phone numbers; docs/python.md makes one")
leaks = leaksieve.Filter.open(sys.argv[1])
verdicts = pa.array(leaks.check_many(people["phone"], kind="phone"))
for person in people.append_column("verdict", verdicts).to_pylist():
    print(person)
