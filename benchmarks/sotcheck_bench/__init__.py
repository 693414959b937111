"""What `sotcheck bench` measures: speed as ratios, within one run, of contestants that take turns."""
