"""New arms bred from the ones that win: genomes, their operators, and the search over them."""
