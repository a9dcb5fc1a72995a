"""Tests of `integrity`."""
