"""Receipts of changes that travel through Kafka, and the progress of each."""

from datetime import datetime

import msgspec


class ErasureReceipt(msgspec.Struct, frozen=True):
    """The request to erase a user has been accepted."""

    user_id: str
    receipt: str
    """Position of the request in the log, `partition:offset`: all actions before it are erased."""
    at: datetime


class ErasureProgress(msgspec.Struct, frozen=True):
    """How far the erasure of a user has come."""

    user_id: str
    receipt: str
    state: str
    """`pending` or `done`."""
    waits_for: list[str]
    """Steps that are not done: `person` (profile and lists), `archive` (PostgreSQL), numbers of video partitions."""


class SessionToMerge(msgspec.Struct, frozen=True):
    """Which session is to be merged into a user."""

    session: str
    """Its id: `session:` and what the app has chosen."""


class MergeReceipt(msgspec.Struct, frozen=True):
    """The request to merge a session into a user has been accepted."""

    user_id: str
    session: str
    receipt: str
    """Position of the request in the log, `partition:offset`: all actions of the session before it are merged."""
    at: datetime


class MergeProgress(msgspec.Struct, frozen=True):
    """How far the merge of a session into a user has come."""

    user_id: str
    session: str
    receipt: str
    state: str
    """`pending` or `done`."""
    waits_for: list[str]
    """Steps that are not done: `account` and `account archive` (the user's profile and rows in PostgreSQL), and those
    of the erasure of the session: `person`, `archive`, numbers of video partitions."""


class ChangeReceipt(msgspec.Struct, frozen=True):
    """A change of a video has been accepted."""

    video_id: str
    receipt: str
    """Position of the change in the topic `video_catalogue`, `partition:offset`."""
    at: datetime


class ChangeProgress(msgspec.Struct, frozen=True):
    """How far a change of a video has come."""

    video_id: str
    receipt: str
    state: str
    """`pending` or `done`."""
    waits_for: list[str]
    """Workers that have not applied it, `partition N` whose owner is not known, `lists` (stored ones)."""
