"""The house itself: the front page, about, health, metrics, the vocabularies."""
