"""Speed and memory beside a naive port and the machine's own limits."""
