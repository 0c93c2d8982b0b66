"""The detectors, one module each; registry.py lists them."""
