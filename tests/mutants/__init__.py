"""Switch off each check of the verifier in turn; a test must notice every time."""
