"""Tests of `qa`."""
