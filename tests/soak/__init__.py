"""Long runs: programs that go on as long as they are told to."""
