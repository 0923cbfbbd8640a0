"""The Python client of the HTTP API: typed, synchronous, safe to share between threads.

What belongs here: a method for each endpoint, how it is asked, and what an app needs besides: tries again while the
workers are busy, errors that say what to do, and lists that count what this client has just posted. What does not:
anything of a worker. May import `recomind.model` and below, and urllib3; neither Faust nor a database's driver.
"""

from recomind.client.client import Client, Recommendations

__all__ = ["Client", "Recommendations"]
