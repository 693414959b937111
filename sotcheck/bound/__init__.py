"""States that no lead feeds: which there are, from which h_R, and what they carry. Knows no formula."""
