"""The default detector: delays, cancellations and companion airports, scored together."""
