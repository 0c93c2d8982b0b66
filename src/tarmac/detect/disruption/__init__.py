"""The default detector: delays, cancellations and companion airports, judged together."""
