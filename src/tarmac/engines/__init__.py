"""The engines: base.py says what the steps ask of one; polars/ and spark/ are the two there are."""
