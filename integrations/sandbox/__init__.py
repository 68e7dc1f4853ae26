"""A faithful stand-in for the vendor (real HTTP, invented plants, signed webhooks); for development only."""
