"""The index: what ranking reads, as arrays with one row a video.

What belongs here: columns, neighbour arrays, top lists, and the likes of similar users. What does not: sources of
candidates, features, I/O. May import `state` and `model`.
"""
