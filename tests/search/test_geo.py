import pytest

from search.geo import box, distance_km

MITAKA, MUSASHINO, FUJI = (35.6835, 139.5595), (35.7178, 139.5661), (35.1614, 138.6763)


class TestDistance:
    def test_is_that_of_the_globe(self) -> None:
        assert distance_km(MITAKA, MUSASHINO) == pytest.approx(3.86, abs=0.02)
        assert distance_km(MITAKA, FUJI) == pytest.approx(98.8, abs=0.5)

    def test_is_the_same_both_ways_and_nothing_to_oneself(self) -> None:
        assert distance_km(MITAKA, FUJI) == pytest.approx(distance_km(FUJI, MITAKA))
        assert distance_km(MITAKA, MITAKA) == 0

    def test_of_opposite_points_is_half_the_globe(self) -> None:
        assert distance_km((0, 0), (0, 180)) == pytest.approx(20015, abs=1)


class TestBox:
    @pytest.mark.parametrize("near", [MITAKA, (0.0, 0.0), (64.1, -21.9)])
    @pytest.mark.parametrize("radius", [0.5, 5, 100])
    def test_leaves_nothing_of_the_circle_outside(
        self, near: tuple[float, float], radius: float
    ) -> None:
        south, north, west, east = box(near, radius)
        edges = [(south, near[1]), (north, near[1]), (near[0], west), (near[0], east)]
        assert all(distance_km(near, edge) >= radius for edge in edges)
