"""When a group is active, as residents ask for it."""

from app.vocabulary import Choice


class ActivityTime(Choice):
    WEEKDAY = "weekday", "平日の昼"
    EVENING = "evening", "平日の夜"
    WEEKEND = "weekend", "土日・祝日"
    HOLIDAY = "holiday", "夏休みなどの長期休み"
