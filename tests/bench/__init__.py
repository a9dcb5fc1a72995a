"""Ratios side by side in one run: ours, the floor and the peer, measured alternately; nothing here is a test."""
