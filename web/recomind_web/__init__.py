"""The HTTP endpoints, on Faust's web server: parse a request, read the read model or the archive, respond.

What belongs here: handlers a few lines long, one subject a file, and `routes`, which lists them all and from which
the OpenAPI description is made. What does not: tables and agents (a worker holds only its partitions), ranking.
May import `recomind.runtime.app` and below.
"""
