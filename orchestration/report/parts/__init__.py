"""What the pages of the report are made of."""
