"""`recomind key`: create an API key."""

import re

import click

from recomind.runtime.api_keys import READ, SCOPES, WRITE, new_key


@click.command("key")
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice(SCOPES),
    default=(READ, WRITE),
    show_default=True,
    help="What the key may do; may be given several times.",
)
def command(name: str, scopes: tuple[str, ...]) -> None:
    """Create an API key for NAME; print the key for its holder, and its entry for RECOMIND_API_KEYS.

    The entry holds only a hash of the key. The key itself is printed once and cannot be recovered.
    """
    if not re.fullmatch(r"[\w.-]{1,64}", name):
        raise click.BadParameter("use 1 to 64 letters, digits, dots, dashes or underscores", param_hint="NAME")
    key, entry = new_key(name, tuple(dict.fromkeys(scopes)))
    click.echo(f"key:   {key}\nentry: {entry}")
