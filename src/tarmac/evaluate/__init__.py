"""Detectors compared on days whose truth is known: corpora, metrics and the leaderboard.

Pure: corpora.py, planting.py, metrics.py, volume.py, leaderboard.py, page.py. Edges: real.py reads flights from a folder,
run.py knows a clock and writes the leaderboard.
"""
