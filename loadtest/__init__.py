"""Load on the verification path, and benchmarks of it. Loopback only."""
