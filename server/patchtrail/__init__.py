"""Patchtrail: record how a developer debugs, as a signed trace that anyone can check."""

__all__ = ["__version__"]

__version__ = "0.1.0"
