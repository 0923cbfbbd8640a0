"""Development tools: embedded servers, simulated users and their traffic, the benchmark.

What belongs here: what a production deployment does not need. May import everything below `cli`.
"""
