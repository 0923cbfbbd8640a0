"""What `recomind demo` consists of beside the servers: a worker process, an audience or a recorded log, and a banner.

What belongs here: what the demo does. What does not: its options (`recomind.cli.demo`). May import `dev.stack`,
`stream` and `stores`.
"""
