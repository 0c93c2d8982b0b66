"""Code shared by the DAGs: settings, the sensor for bronze, the steps' tasks, and emails."""
