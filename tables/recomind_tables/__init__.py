"""The state tables of the workers, one declaration per file.

| table | key | value | written by the agent |
|---|---|---|---|
| `popularity` | video id | windowed popularity: actions per minute and hour, and decayed scores | `popularity` |
| `profiles` | user id | likes, views and skips of a user; the user's tags are derived from the likes | `profiles` |
| `seen_blocks` | user id and number | videos that a user acted on longer ago, in blocks | `profiles` |
| `older_feedback` | user id and number | likes and feedback that profiles no longer hold, in blocks | `profiles` |
| `neighbours` | video id | videos liked by the same users, or liked next | `neighbours` |
| `forgetting` | partition and user id | erasure requests, and which are complete | `forgetting` |

`popularity` is the mission's windowed popularity of videos. `profiles` is its per-user tags: no table stores tags, as
tags of videos may change; ranking derives them from the likes (`recomind.recommender.candidates.tag_affinity`).

What belongs here: the name, key and value type of a table. What does not: how values are folded (`recomind.state`, same
names), how a table works (`recomind.stream.table`) and what writes it (the agent in the last column, and no other). May
import `recomind.runtime.app` and `recomind.state`. The distribution PyTables has a package `tables`; ours is
`recomind_tables`, so both can be installed.
"""
