"""Whole commands beside whole commands: from files to a model, from a file to answers."""
