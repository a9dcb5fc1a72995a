"""Tests of `tidy`."""
