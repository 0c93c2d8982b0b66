"""Detectors compared on days whose truth is known: corpora, metrics and the leaderboard.

Pure: corpora.py, planting.py, metrics.py, volume.py, leaderboard.py, page.py. Edges: real.py reads flights from a folder,
alone.py knows a clock and starts processes, kept.py and run.py write results and the leaderboard.
"""
