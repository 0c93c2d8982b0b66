"""The job's entry point on a cluster: the command line, with the session that spark-submit has started.

spark-submit … job.py run --year 2009 --lake s3://bucket/prefix --engine spark
"""

from tarmac.cli.app import main

main()
