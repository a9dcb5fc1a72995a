"""Tests of `contract`."""
