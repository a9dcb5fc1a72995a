"""The tests, mirroring server/patchtrail; e2e with real clients; tidy for the house's rules."""
