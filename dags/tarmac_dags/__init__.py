"""What the DAGs share: their settings, the wait for bronze, and the mails."""
