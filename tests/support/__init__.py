"""Code shared by tests: servers, files of flights, lakes with warehouses."""
