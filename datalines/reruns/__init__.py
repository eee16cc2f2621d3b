"""Reruns that can be believed: why jobs would run, what that costs, and what a person or a move of files says to it."""
