"""Who may come in: members by name and phrase."""
