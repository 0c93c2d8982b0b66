"""Fetch public files of flights: BTS's monthly archives (`bts`), Kaggle's yearly files (`kaggle`)."""
