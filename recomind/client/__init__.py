"""Python client of the HTTP API: typed, synchronous, thread-safe.

What belongs here: a method for each endpoint, retries while workers are busy, errors that say what to do, and lists
that include the actions which this client has just posted. What does not: any code of a worker. May import
`recomind.model` and `recomind.errors`, msgspec and urllib3; not Faust, numpy or a database driver.
"""

from recomind.client.client import Client
from recomind.client.lists import Recommendations

__all__ = ["Client", "Recommendations"]
