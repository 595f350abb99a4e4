"""The recipes for tables of changes, by name."""

import dataclasses


@dataclasses.dataclass
class ChangeRecipe:
    write: callable
    shows: str
    columns: list
    first: int = 0
    last: int | None = None  # None: the newest
    stops: str = ""
    times: bool = False  # whether the times of the versions are the commits' own


RECIPES: dict[str, ChangeRecipe] = {}


def changes(shows: str, columns: list, **more):
    """Registers a function that writes one table."""

    def register(function):
        RECIPES[function.__name__] = ChangeRecipe(function, shows, columns, **more)
        return function

    return register
