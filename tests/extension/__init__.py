"""Tests of the editor's extension."""
