"""Where proposed changes belong in a real file, strictest search first. Pure."""

__all__: list[str] = []
