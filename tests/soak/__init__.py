"""The long versions of what the tests prove: `python -m tests.soak`."""
