"""Measures what the other rooms do, on data whose truth is known."""

__all__: list[str] = []
