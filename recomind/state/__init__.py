"""State of a user or a video: frozen values, and the pure folds that apply an event to them.

What belongs here: `fold(value, event) -> value`, and the limits that keep each encoded value within 4 KB. A fold
ignores what its value has applied already (see `model.applied_offsets`), so a redelivery changes nothing. What does
not: clocks, the catalogue, ranking, tables. May import `model`.
"""
