"""The public records, read from the register and never written: officer list, notices, look-up."""
