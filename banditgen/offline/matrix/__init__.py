"""What a full matrix of outcomes says, every arm on every task, several samples each: which arms to race, and whether it pays to."""
