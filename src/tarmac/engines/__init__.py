"""How each engine reads, transforms and writes: the edges around the pure silver and gold."""
