"""What a draw costs: `make bench-draw`."""
