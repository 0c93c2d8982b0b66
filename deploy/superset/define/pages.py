"""The line at the head of the pages that leads from one to the others."""

LINKS = "[Disruptions](../disruptions/) · [Carriers](../carriers/) · [Airports](../airports/) · [US departure delays](../delays/)"
