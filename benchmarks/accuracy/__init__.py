"""Compare our configurations with other libraries: one command, one evaluation for all."""
