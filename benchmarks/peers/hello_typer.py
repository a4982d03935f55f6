"""The smallest command of typer, with its help drawn by Rich: what the help of ours is compared with."""

import typer


def hello(name: str, *, loud: bool = False) -> None:
    """Greet somebody."""
    print(f"HELLO {name}!" if loud else f"Hello {name}.")


typer.run(hello)
