"""`recomind key`: a new API key."""

import re

import click

from recomind.runtime.api_keys import READ, SCOPES, WRITE, new_key


@click.command("key")
@click.argument("name")
@click.option("--scope", "scopes", multiple=True, type=click.Choice(SCOPES), default=(READ, WRITE), show_default=True)
def command(name: str, scopes: tuple[str, ...]) -> None:
    """Make an API key for NAME: print it, to be given to its holder, and its entry for RECOMIND_API_KEYS.

    The entry holds only a hash: the key is printed once and can never be found out again.
    """
    if not re.fullmatch(r"[\w.-]{1,64}", name):
        raise click.BadParameter("use 1 to 64 letters, digits, dots, dashes or underscores", param_hint="NAME")
    key, entry = new_key(name, tuple(dict.fromkeys(scopes)))
    click.echo(f"key:   {key}\nentry: {entry}")
