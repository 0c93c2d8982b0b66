"""Superset's assets, written from here: `make superset-assets` writes deploy/superset/assets, a test holds it current."""
