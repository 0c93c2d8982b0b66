"""Bronze: source files as they were published, and how their text is opened, checked and recognised."""
