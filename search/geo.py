"""Distances on the globe. Positions are (latitude, longitude) in degrees."""

import math

EARTH_KM = 6371.0
_KM_PER_DEGREE = 111.0  # a little less than the true 111.2, so that a box is never too small


def distance_km(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Great-circle distance (haversine)."""
    north, south = math.radians(one[0]), math.radians(other[0])
    half = (
        math.sin((south - north) / 2) ** 2
        + math.cos(north) * math.cos(south) * math.sin(math.radians(other[1] - one[1]) / 2) ** 2
    )
    return 2 * EARTH_KM * math.asin(math.sqrt(min(1.0, half)))


def box(near: tuple[float, float], radius_km: float) -> tuple[float, float, float, float]:
    """South, north, west and east of a circle."""
    latitude, longitude = near
    up = radius_km / _KM_PER_DEGREE
    aside = up / max(0.01, math.cos(math.radians(latitude)))
    return latitude - up, latitude + up, longitude - aside, longitude + aside
