"""The errors of RecoMind, and what to do about each.

RecoMindError
├── SettingsError        a RECOMIND_* variable is wrong: set it as the message says
├── InputError           a file or an option is wrong: correct it as the message says
├── StackError           an embedded server did not start, or is not installed
├── TopicMismatchError   a topic has another number of partitions, or another configuration, than this worker needs
├── LogReplacedError     the log in Kafka is not the one that the stores were made from: correct an address, or adopt it
├── StateLostError       topics that hold state were deleted, though the log was read before: rebuild the state
├── SchemaMismatchError  tables in PostgreSQL were created by somebody else and do not fit: run the statements named
├── IncompleteLogError   the beginning of a log is missing, so state cannot be recomputed from it
├── NewerEncodingError   stored data was written by a newer RecoMind: run at least that version
├── UnavailableError     Kafka, PostgreSQL or Redis does not answer now: try again later
│   └── OutdatedError    a later generation of the group owns this worker's partitions: rejoin first
├── RefusedError         Kafka refuses a request, and would again: too large, not authorised, invalid; mend the cause
│   └── TooLargeError    a record is larger than its topic, or the client, takes
├── UnreadableError      a stored record is not what RecoMind writes; readers skip it and say where it is
├── StuckError           a worker had work but made no progress: it exits, and its supervisor restarts it
├── StalledError         a worker's process stood still for longer than its session timeout: likewise
├── UnsettledError       the workers are still processing, or records keep arriving: wait, or stop the producers
└── ApiError             the server answered with an unexpected status: its log has the cause
    ├── RequestError     the request is invalid: correct it as the message says; `field` names the field, if any
    ├── KeyRefusedError  the API key is missing, unknown, or lacks the scope: use another one
    ├── BusyError        the workers were busy or could not be reached, also when retried: try again later
    └── UnreachableError nothing answers at the address: check it, and that a worker runs there
"""

from collections.abc import Iterable


class RecoMindError(Exception):
    """Base class of all errors that RecoMind raises on purpose; the message is written for users and operators."""


class SettingsError(RecoMindError):
    """A setting is invalid; the message names the variable, its value and what to set instead."""


class InputError(RecoMindError):
    """An argument of the command line cannot be used; the message says what to give instead."""


class StackError(RecoMindError):
    """An embedded server did not start; the message says why, and what to try."""


class TopicMismatchError(RecoMindError):
    """Topics do not have the partitions or the configuration that they need; the message says what to do."""


class LogReplacedError(RecoMindError):
    """A store was made from another log than the one in Kafka, so that offsets in it mean nothing now."""

    def __init__(self, where: str, known: str, found: str | None) -> None:
        super().__init__(
            f"{where} was made from the log {known}, but Kafka has {found or 'no topic of that name'}: if the address "
            "of a server is wrong, correct it; if Kafka was replaced by an empty one, stop all workers and run "
            "`recomind adopt-log` (docs/operations.md, Kafka was replaced)"
        )


class StateLostError(RecoMindError):
    """Topics that hold state were deleted, or deleted and created again; the message says how to rebuild it."""

    def __init__(self, app_id: str, topics: Iterable[str]) -> None:
        super().__init__(
            f"state is lost: {', '.join(topics)} was deleted, though the group {app_id} has read the log before; going "
            f"on would replace the users' history. Rebuild the state from the log: stop all workers, and start them "
            "with another RECOMIND_APP_ID (docs/operations.md, Rebuilding the state)"
        )


class SchemaMismatchError(RecoMindError):
    """Tables that somebody else created do not fit; the message lists the statements that change them."""

    def __init__(self, statements: Iterable[str]) -> None:
        super().__init__(
            "PostgreSQL has tables that RecoMind cannot use as they are: run these statements, then start again:\n"
            + "\n".join(f"  {statement};" for statement in statements)
        )


class IncompleteLogError(RecoMindError):
    """Retention has removed records from the beginning of a log; the message says up to which one."""


class NewerEncodingError(RecoMindError):
    """Stored data has an encoding that this version cannot read; the message says where, and which versions."""

    def __init__(self, where: str, found: str, known: int) -> None:
        super().__init__(
            f"{where} holds data of encoding version {found}, but this RecoMind reads versions up to {known}: "
            "run a RecoMind of at least the version that wrote it"
        )
        self.where = where
        self.found = found
        self.known = known


class UnavailableError(RecoMindError):
    """A server does not answer; no work is lost, and it is retried."""

    def __init__(self, server: str, cause: BaseException) -> None:
        super().__init__(f"{server} does not answer: {cause or type(cause).__name__}")
        self.server = server


class RefusedError(RecoMindError):
    """A server refuses a request, and would refuse it again; the message says which limit or right to change."""

    def __init__(self, server: str, cause: BaseException, advice: str) -> None:
        super().__init__(f"{server} refuses the request: {cause or type(cause).__name__}; {advice}")
        self.server = server


class TooLargeError(RefusedError):
    """A record is larger than its topic takes."""


class UnreadableError(RecoMindError):
    """A stored record is not what RecoMind writes; the message says where it is, and why it cannot be read."""

    def __init__(self, where: str, reason: object) -> None:
        super().__init__(f"{where} cannot be read: {reason}")
        self.reason = reason


class OutdatedError(UnavailableError):
    """A store rejected a worker's write, because a later generation of its consumer group has written there."""

    def __init__(self, server: str, generation: int) -> None:
        RecoMindError.__init__(self, f"{server} has been written by a later generation of the group than {generation}")
        self.server = server


class UnsettledError(RecoMindError):
    """State cannot be compared while it changes; the message says what changes, and what to do."""


class StuckError(RecoMindError):
    """A worker has made no progress for too long; the message says how many records wait."""

    def __init__(self, timeout: float, lag: int, member: bool) -> None:
        problem = f"{lag} records wait and nothing was committed" if member else "the group gave no partitions"
        super().__init__(f"{problem} for {timeout:.0f} s: the worker ends; start it again")


class StalledError(RecoMindError):
    """The process did not run for a while; other workers may own its partitions by now."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"the process stood still for {seconds:.1f} s: the worker ends; start it again")


class ApiError(RecoMindError):
    """The HTTP API answered with an error; the message is the worker's."""

    def __init__(self, status: int, detail: str, field: str | None = None) -> None:
        super().__init__(f"{detail} (status {status})")
        self.status = status
        """HTTP status; 0 if there was no answer."""
        self.detail = detail
        self.field = field
        """The invalid field or parameter; None if the error is not about one."""


class RequestError(ApiError):
    """The request is invalid, or what it asks for does not exist; the message and `field` say what to correct."""


class KeyRefusedError(ApiError):
    """The API key is missing, unknown, or lacks the scope; use one that has it."""


class BusyError(ApiError):
    """The workers were busy, also when the request was retried; make the same request again later."""


class UnreachableError(ApiError):
    """Nothing answers at the address; check it, and that a worker runs there."""

    def __init__(self, base: str, cause: BaseException) -> None:
        super().__init__(0, f"no answer from {base}: {cause}")
