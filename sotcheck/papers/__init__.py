"""What papers say, a folder each; names quantities, knows no engine. Imported by nobody, found by name."""
