"""The default detector: scores delays and cancellations together, with those of companion airports."""
