"""The status log, and its replica in memory: what a scanning node knows of every code's state."""
