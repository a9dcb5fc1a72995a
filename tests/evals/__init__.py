"""Unit evals: small pieces of code with one finding each, fixed through the whole engine against the test model."""
