"""Which people of a table are in a leak: DuckDB. Arguments: a file of phone numbers."""

import sys

import duckdb

import leaksieve

duckdb.sql(
    """create table people as from (values
    ('Ann', '+86 138 0013 8000'), ('Bo', '13900139999'), ('Chen', null), ('Di', '12')) as people(name, phone)"""
)
if len(sys.argv) != 2:
    sys.exit("name a file of phone numbers; docs/python.md makes one")
leaks = leaksieve.Filter.open(sys.argv[1])
people = duckdb.table("people").to_arrow_table()
answers = leaks.check_many(people["phone"], kind="phone", reason=True)
# DuckDB finds the variable.
print(duckdb.sql("select name, verdict from people positional join answers"))
print(duckdb.sql("select verdict, count(*) from answers group by all order by all"))
