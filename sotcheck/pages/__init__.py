"""JSON in, pages out; computes nothing."""
