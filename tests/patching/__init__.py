"""Tests of `patching`."""
