"""Spools as earlier versions left them, and what recorded them."""
