"""Every named query is a statement."""

from recomind.stores.sql import QUERIES


def test_every_query_has_a_statement():
    verbs = {"SELECT", "INSERT", "UPDATE", "DELETE", "LOCK", "WITH", "CREATE", "--"}
    assert all(statement.split()[0] in verbs for statement in QUERIES.values())
