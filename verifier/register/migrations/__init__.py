"""How the register's schema came to be, step by step (Alembic)."""
