"""The warehouse: Postgres, embedded by default or at a URL.

`postgres` opens it and reads; `load` writes one year; `query` runs the user's SQL; `migrations` keeps the schema.
Nothing is imported here, so that importing the package takes no time.
"""
