"""Tests of `trace`."""
