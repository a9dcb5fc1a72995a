"""Readers of answers: from text in any form to proposed changes. Pure."""

__all__: list[str] = []
