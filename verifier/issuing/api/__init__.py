"""The agencies' API: HTTP in front of issuing. Its rules are elsewhere; this puts them on routes."""
