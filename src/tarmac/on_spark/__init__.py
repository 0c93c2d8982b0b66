"""The steps on Spark: `OnSpark` is what the pipeline calls. Nothing here is imported unless that engine is asked for."""
