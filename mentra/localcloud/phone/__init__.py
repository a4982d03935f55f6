"""What the virtual phone and glasses do for apps, and what happens to them."""
