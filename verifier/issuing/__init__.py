"""The agencies' side: what brings certificates into the register and their changes after it."""
