"""Everything that changes accounts: one module for each operation."""
