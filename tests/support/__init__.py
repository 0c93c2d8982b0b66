"""What several tests share: servers, files of flights, sites and how to reach them."""
