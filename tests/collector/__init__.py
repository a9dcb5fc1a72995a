"""Tests of `collector`."""
