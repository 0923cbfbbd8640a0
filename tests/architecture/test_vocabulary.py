"""The names that the project uses: each banned word has a standard term, which `docs/glossary.md` explains."""

import ast
import io
import re
import tokenize
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
FILES = sorted(
    file
    for folder in ("recomind", "agents", "tables", "web", "tests", "examples")
    for file in (ROOT / folder).rglob("*.py")
)
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])

REPLACED = {
    "Ages": "ExpiryTracker",
    "Behind": "ContributingAction",
    "Best": "TopK",
    "Breaker": "CircuitBreaker",
    "Card": "VideoSummary",
    "Case": "Instance",
    "Consequences": "ExpectedOutputs",
    "Counted": "ActionCounts or ListOrigins",
    "Figures": "WorkerStats or RankingPopularity",
    "Followed": "TransitionSignal",
    "ForgetPerson": "EraseUserRecord",
    "Forgetting": "Erasure",
    "Forgotten": "ErasureSignal",
    "MemoryValues": "InMemoryStore",
    "Origin": "SourceOffset",
    "Origins": "AppliedOffsets",
    "Outgoing": "ProducerRecord",
    "Pace": "FetchThrottle or ReplayClock",
    "Patience": "StallDetector",
    "Publisher": "WriteBehind",
    "RedisValues": "RedisStore",
    "Sender": "Producer",
    "Situation": "Context",
    "Touched": "ActionSignal",
    "Values": "KeyValueStore",
    "Waiting": "PendingRefresh",
    "astray": "misrouted",
    "companies": "neighbour index",
    "company": "neighbours",
    "doubt": "invalidate watermark",
    "doubted": "invalidated",
    "heads": "top lists",
    "her": "the user, they",
    "intake": "partition queues",
    "intakes": "partition queues",
    "keeper": "processor",
    "kept": "tables; or retained",
    "lane": "source",
    "lanes": "sources",
    "lately": "recent",
    "leaders": "windowed top lists",
    "ledger": "digest set",
    "lesson": "training example",
    "lessons": "training queue, training examples",
    "letter": "dead letter",
    "letters": "dead letters",
    "news": "refresh queue; or what is new: signals, changes, updates",
    "people": "users",
    "person": "user",
    "replica": "ranking cache",
    "restless": "dirty",
    "shadow": "rebuilt state",
    "she": "the user, they",
    "standing": "rank position",
    "stirred": "work available",
    "strangers": "unexpected keys",
    "tastes": "tag affinity",
    "tenure": "assignment",
    "trail": "history",
    "unmet": "without video",
    "vitals": "heartbeat",
}
"""Old to new. A capitalised entry is a whole identifier; any other is a word of snake_case or CamelCase."""

ALLOWED = {"similar_people", "people_in_common"}
"""Whole identifiers that stay: a public name of the client and its endpoint, and a field of their answers."""

QUALIFIED = {"letter": {"dead", "ascii"}, "letters": {"dead", "ascii"}}
"""Words that are allowed after one of these."""

PRONOUNS = {"she", "her", "hers", "herself", "person", "people", "persons"}
"""Words for a user that prose does not use: it says "user" and "they"."""

WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


def words_of(identifier):
    """The words of an identifier, in lower case."""
    return [word.lower() for word in WORD.findall(identifier)]


def old_in(identifier):
    """The entries of `REPLACED` that an identifier contains."""
    words = ["", *words_of(identifier)] if identifier not in ALLOWED else []
    found = {now for before, now in pairwise(words) if before not in QUALIFIED.get(now, ())}
    return sorted(REPLACED.keys() & (found | {identifier.lstrip("_")}))


def identifiers_of(tree):
    """Every identifier of a module, with its line; in an AST any text outside of constants is one."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant):
            for _, value in ast.iter_fields(node):
                for text in value if isinstance(value, list) else [value]:
                    if isinstance(text, str):
                        yield getattr(node, "lineno", 0), text


def prose_of(source):
    """Docstrings and comments of a module, with their lines."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield node.lineno, node.value.value


def pronouns_in(text):
    """Lines, counted from 0, and words of prose about users; code in backticks does not count."""
    plain = re.sub(r"```.*?```|`[^`]*`", lambda code: "\n" * code[0].count("\n"), text, flags=re.DOTALL)
    for number, line in enumerate(plain.split("\n")):
        for word in sorted(PRONOUNS & set(re.findall(r"[a-z]+", line.lower()))):
            yield number, word


def test_identifiers_use_the_terms_of_the_glossary():
    found = {
        f"{file.relative_to(ROOT)}:{line}: {identifier}: instead of {old!r} use {REPLACED[old]!r}"
        for file in FILES
        for line, identifier in [(0, file.stem), *identifiers_of(ast.parse(file.read_text()))]
        for old in old_in(identifier)
    }
    assert not found, "\n".join(["see docs/glossary.md", *sorted(found)])


def test_docstrings_and_comments_speak_of_users():
    found = [
        f"{file.relative_to(ROOT)}:{line + number}: {word}"
        for file in FILES
        for line, text in prose_of(file.read_text())
        for number, word in pronouns_in(text)
    ]
    assert not found, "\n".join(["write 'user', 'users' or 'they'", *found])


def test_documents_speak_of_users():
    found = [
        f"{file.relative_to(ROOT)}:{number + 1}: {word}"
        for file in DOCUMENTS
        for number, word in pronouns_in(file.read_text())
    ]
    assert not found, "\n".join(["write 'user', 'users' or 'they'", *found])


def test_identifiers_are_split_into_words():
    assert words_of("_RefreshQueue2of_HTTPServer") == ["refresh", "queue", "2", "of", "http", "server"]
    assert old_in("NewsQueue") == ["news"]
    assert old_in("is_newsletter") == []
    assert old_in("list_dead_letters") == []
    assert old_in("letter_of") == ["letter"]
    assert old_in("Case") == ["Case"]
    assert old_in("upper_case") == []
