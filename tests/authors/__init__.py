"""Who wrote an edit: scripted cases, the facts that a real editor told of each, and what is made of them."""
