"""What can go wrong, and what to do about it.

RecoMindError
├── SettingsError        a RECOMIND_* variable is wrong: set it as the message says
├── InputError           a file or option is wrong: mend it as the message says
├── StackError           an embedded server did not start or was not found
├── TopicMismatchError   a topic exists with another shape than this version needs
├── IncompleteLogError   a log lacks its beginning, without which state cannot be made again
├── UnavailableError     Kafka, PostgreSQL or Redis does not answer now: try again later
│   └── OutdatedError    the group has gone on without this worker, and others own its partitions: rejoin first
├── StuckError           a worker had work and nothing moved: it ends, and its supervisor starts it again
├── StalledError         a worker stood still for longer than its session allows: the same
├── UnsettledError       the workers have not done all they were given, or something moved: wait, or stop producers
└── ApiError             the client was told no: an unexpected status; the worker's log has the cause
    ├── RequestError     the request is wrong: mend it as the message says, in `field` where there is one
    ├── KeyRefusedError  no key, an unknown one, or one without the scope: give the client another
    ├── BusyError        the workers could not, though asked several times: try again later
    └── UnreachableError nobody answers at this address: see that a worker runs there
"""


class RecoMindError(Exception):
    """Base of all errors raised on purpose; its text is meant for people."""


class SettingsError(RecoMindError):
    """A setting is wrong; the message names the variable, its value and what to set."""


class InputError(RecoMindError):
    """What was given on the command line cannot be used; the message says what to give."""


class StackError(RecoMindError):
    """An embedded server could not be started; the message says why and what to try."""


class TopicMismatchError(RecoMindError):
    """A topic has another number of partitions than the settings say; the message tells both ways out."""


class IncompleteLogError(RecoMindError):
    """Retention has removed records of a log; the message says up to where."""


class UnavailableError(RecoMindError):
    """A server does not answer; the work is kept and tried again."""

    def __init__(self, server: str, cause: BaseException) -> None:
        super().__init__(f"{server} does not answer: {cause or type(cause).__name__}")
        self.server = server


class OutdatedError(UnavailableError):
    """A store refuses what a worker writes, since a later generation of its group has written there."""

    def __init__(self, server: str, generation: int) -> None:
        RecoMindError.__init__(self, f"{server} has been written by a later generation of the group than {generation}")
        self.server = server


class UnsettledError(RecoMindError):
    """A moving system cannot be compared; the message says what moves, and what to do."""


class StuckError(RecoMindError):
    """Nothing moved for too long; the message says how much waits."""

    def __init__(self, timeout: float, lag: int, member: bool) -> None:
        told = f"{lag} records wait and nothing was committed" if member else "the group gave no partitions"
        super().__init__(f"{told} for {timeout:.0f} s: the worker ends; start it again")


class StalledError(RecoMindError):
    """The process stood still; others may own its partitions by now."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"the process stood still for {seconds:.1f} s: the worker ends; start it again")


class ApiError(RecoMindError):
    """The HTTP API answered no; the message is the worker's."""

    def __init__(self, status: int, detail: str, field: str | None = None) -> None:
        super().__init__(f"{detail} (status {status})")
        self.status = status
        """HTTP's; 0 where nobody answered."""
        self.detail = detail
        self.field = field
        """What was wrong in the request; None where that is no field."""


class RequestError(ApiError):
    """The request is wrong, or what it asks for is not there; the message and `field` say what to mend."""


class KeyRefusedError(ApiError):
    """The key is missing, unknown, or lacks a scope; give the client one that has it."""


class BusyError(ApiError):
    """The workers could not answer now, though asked several times; the same request may be made again later."""


class UnreachableError(ApiError):
    """Nobody answers at the address; see that it is right and that a worker runs there."""

    def __init__(self, base: str, cause: BaseException) -> None:
        super().__init__(0, f"nobody answers at {base}: {cause}")
