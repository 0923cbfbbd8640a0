"""What is remembered: one value a person or video, and the pure folds that take an event in.

What belongs here: frozen values, `fold(value, event) -> value`, and the rules that keep each value within 4 KB.
A fold ignores what its value has applied already (see `origins`), so any redelivery leaves the same state.
What does not: reading time or tags from elsewhere, ranking, tables. May import `signals` and `events` only.
"""
