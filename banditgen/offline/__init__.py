"""What another policy would have done: replay on recorded outcomes, and evaluation on logs."""
