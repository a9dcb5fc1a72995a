"""One file per change of the tables."""

__all__: list[str] = []
