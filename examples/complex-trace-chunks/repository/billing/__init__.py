"""Invoices and monthly statements of a small workshop."""
