"""What the adapters share: answer families, authentication, effects, rate governor, change feeds."""
