"""Which reasons are said of a pair: the three that count most, of those that are worth saying."""

from app.matching.reasons import Words, reasons
from app.matching.scores import score, weights_of
from app.matching.traits import KINDS
from tests.matching.parties import fields, need, offer, slots, words

SAYS = Words(["花", "会計", "絵本"].__getitem__, "個", ("立上げ", "運営", "成長"))
HERE = {"latitude": 35.70, "longitude": 139.56, "placed": True}


def test_a_poor_value_leaves_its_place_to_the_next() -> None:
    same = {"fields": fields(7), **words(1), "slots": slots("sat-morning"), "frequency": 0}
    mine, far = need(**same, **HERE), offer(**same, **HERE | {"latitude": 35.725})
    counts = {"fields": 20.0, "text": 15.0, "closeness": 40.0, "burden": 5.0}
    view = score(mine, far, weights_of(mine, dict.fromkeys(KINDS, counts))).forward
    points = {name: float(all_[0]) for name, all_ in view.contributions.items()}
    assert sorted(points, key=points.__getitem__, reverse=True)[2] == "closeness"
    said = [reason.code for reason in reasons(mine, far, view, 0, SAYS)]
    assert said == ["fields", "text", "burden"]
