"""The tables: what kind of value each keeps, by which key. The folds are in `recomind.state` under the same names.

What belongs here: one declaration a file. What does not: how a table works (`recomind.stream.table`) or who
writes it (the agent of the same name, and nobody else). May import `recomind.runtime.app` and `recomind.state`.
This is not PyTables: never install a distribution that brings a top-level `tables`, `agents` or `web`.
"""
