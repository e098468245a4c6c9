"""Everything that can be wrong with bytes, one class and one stable code each.

The server maps these to its envelope by `code`; `message` is for people, in Chinese, and says what
to do next.
"""

import errno
from typing import ClassVar


class StoreFault(OSError):
    """The store does not do its work; no file and nobody who sent one is to blame.

    No `MediaError`: whoever judges or shrinks a picture must not take it for the picture's fault.
    """

    def __init__(self, said: str) -> None:
        super().__init__(errno.EIO, said)


class StoreUnavailable(StoreFault):
    """Out of reach, overloaded, or what was sent there broke on the way: trying again helps."""


class StoreRefused(StoreFault):
    """No right, no bucket, wrong keys: nothing helps until a person has changed a setting."""


class MediaError(Exception):
    """Root of the tree. `details` fills the placeholders of `template` and goes to the client."""

    code: ClassVar[str] = "media_error"
    template: ClassVar[str] = "文件无法处理，请重新上传。"

    def __init__(self, **details: str | int) -> None:
        self.details = details
        self.message = self.template.format(**details)
        super().__init__(f"{self.code}: {self.message}")


class MediaTypeUnsupported(MediaError):
    """Details: `detected`, a media type or `unknown`."""

    code = "media_type_unsupported"
    template = (
        "文件内容不是可用的照片或视频（识别为 {detected}）。"
        "请上传 JPEG、PNG、WebP、HEIC 照片或 MP4、MOV、3GP 视频。"
    )


class FileTooLarge(MediaError):
    """Details: `size_bytes`, `limit_bytes`."""

    code = "file_too_large"
    template = (
        "文件有 {size_bytes} 字节，上限是 {limit_bytes} 字节。请降低拍摄质量或缩短视频后重新上传。"
    )


class ImageTooLarge(MediaError):
    """Details: `limit_pixels`."""

    code = "image_too_large"
    template = "图片像素过多，上限是 {limit_pixels} 像素。请把相机调到较低分辨率后重新拍摄。"


class ImageTruncated(MediaError):
    """The end of the image is missing."""

    code = "image_truncated"
    template = "图片不完整，后面的内容缺失。请从手机里的原图重新上传。"


class VideoTruncated(MediaError):
    """The end of the video is missing."""

    code = "video_truncated"
    template = "视频不完整，后面的内容缺失。请从手机里的原视频重新上传。"


class ImageUnreadable(MediaError):
    """It begins like an image, but no decoder makes a picture of it."""

    code = "image_unreadable"
    template = "图片已损坏，无法打开。请从手机里的原图重新上传，或重新拍摄。"


class DigestMalformed(MediaError):
    """Not 64 hexadecimal digits."""

    code = "sha256_malformed"
    template = "sha256 应是 64 位十六进制数字。请重新计算后再提交。"


class ChecksumMalformed(MediaError):
    """An `Upload-Checksum` that isn't `algorithm base64`, or of the wrong length."""

    code = "checksum_malformed"
    template = "Upload-Checksum 的格式应是“算法 base64”。请重新计算这一段的校验和后再上传。"


class ChecksumAlgorithmUnknown(MediaError):
    """Details: `supported`, names by commas."""

    code = "checksum_algorithm_unknown"
    template = "不支持这种校验算法。请改用以下之一：{supported}。"


class ChecksumMismatch(MediaError):
    """The piece is not what its sender hashed; it was discarded."""

    code = "checksum_mismatch"
    template = "这一段在传输中出错，已丢弃。请从原来的位置重新上传这一段。"


class OffsetMismatch(MediaError):
    """Details: `offset`, where the upload stands."""

    code = "offset_mismatch"
    template = "上传位置不一致，服务器已收到 {offset} 字节。请从这个位置继续上传。"


class UploadLocked(MediaError):
    """Someone else is writing this upload."""

    code = "upload_locked"
    template = "这个文件正在由另一个连接上传。请稍后再试。"


class UploadTooLarge(MediaError):
    """More bytes than were declared, or than a file may have. Details: `limit_bytes`."""

    code = "upload_too_large"
    template = "收到的字节超过了允许的 {limit_bytes} 字节，这一段已丢弃。请核对文件后重新上传。"


class UploadNotFound(MediaError):
    """Never made, finished, removed or expired."""

    code = "upload_not_found"
    template = "没有这个上传，可能已完成或已过期。请重新开始上传。"


class UploadIncomplete(MediaError):
    """Details: `offset`, `size_bytes`."""

    code = "upload_incomplete"
    template = "文件还没有传完，已收到 {offset} / {size_bytes} 字节。请继续上传。"


class OriginalMissing(MediaError):
    """The store has no such bytes. Details: `sha256`."""

    code = "original_missing"
    template = "找不到原始文件 {sha256}。请联系管理员从备份中恢复。"


class OriginalDamaged(MediaError):
    """What is stored under a digest cannot be those bytes. Details: `sha256`."""

    code = "original_damaged"
    template = "已保存的原始文件 {sha256} 大小不符，可能已损坏。请联系管理员核对后再上传。"
