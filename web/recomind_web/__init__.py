"""The HTTP endpoints, on Faust's web server: read a request, ask the read model or the archive, answer.

What belongs here: handlers a few lines long, one subject a file, and `routes`, which lists them all and from which
the OpenAPI description is made. What does not: tables and agents (a worker holds only its partitions), ranking.
May import `recomind.runtime.app` and below.
"""
