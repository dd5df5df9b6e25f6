"""Everything that reads or writes videos, queries and their features; knows no model."""
