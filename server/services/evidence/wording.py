"""What a flag says to the supervisor (疑点说明): a sentence in Chinese for each code, with its
numbers; never an accusation, always what to look at."""

from collections.abc import Mapping
from typing import Any

SENTENCES = {
    "same_bytes": "{other}是同一个文件，请核对是否误用或重复使用。",
    "near_duplicate": "{other}高度相似（64位特征中{distance_bits}位不同），请对照原图核对。",
    "far_from_object": "{whose}记录的位置距检查对象{distance}，超出允许的{tolerance}，"
    "请核对拍摄地点或对象坐标。",
    "camera_far_from_device": "照片文件内的位置与终端上报的位置相距{distance}，"
    "超出允许的{tolerance}，请核对照片来源。",
}
WHOSE = {"camera": "照片文件", "device": "终端"}
TIMES = {
    "camera_after_arrival": "照片文件内的拍摄时间比服务器收到的时间晚{time}，请核对相机时钟。",
    "device_after_arrival": "终端上报的拍摄时间比上传时间晚{time}，请核对终端时钟。",
    "camera_before_task": "照片文件内的拍摄时间早于任务开始{time}，请核对是否旧照片。",
    "device_before_task": "终端上报的拍摄时间早于任务开始{time}，请核对是否旧照片。",
    "camera_not_device": "照片文件内的拍摄时间与终端上报的相差{time}，请核对照片来源。",
    "device_clock": "上报时终端时钟与服务器相差{time}，其时间仅供参考，请以服务器时间为准。",
}
UNITS = ((86_400, "天"), (3_600, "小时"), (60, "分钟"))


def worded(
    code: str, subject: str, details: Mapping[str, Any], other: Mapping[str, Any] | None
) -> str:
    """The sentence of a flag."""
    if code == "time_implausible":
        return TIMES[subject].format(time=_time(details["seconds"]))
    return SENTENCES[code].format(
        other=_other(other) if other else "",
        whose=WHOSE.get(subject, ""),
        distance_bits=details.get("distance_bits"),
        distance=_distance(details.get("distance_m", 0)),
        tolerance=_distance(details.get("tolerance_m", 0)),
    )


def _other(other: Mapping[str, Any]) -> str:
    day = other["verified_on"]
    since = f"{day:%Y年%m月%d日}收到的" if day else ""
    if not other["in_scope"]:
        return f"与其他单位（不在您的辖区内）{since}一张照片"
    return f"与任务 {other['task_number']}（{other['object']}）{since}一张照片"


def _distance(metres: float) -> str:
    return f"约{metres / 1000:.1f}公里" if metres >= 1000 else f"约{metres:.0f}米"


def _time(seconds: int) -> str:
    amount = abs(seconds)
    for unit, name in UNITS:
        if amount >= unit:
            return f"约{amount // unit}{name}"
    return f"{amount}秒"
