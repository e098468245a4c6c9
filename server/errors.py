"""One tree of errors and one envelope: `{code, message, details, request_id}`.

Codes are stable and numbered nowhere else: `docs/errors.md` is generated from `CATALOGUE`.
Messages are read by inspectors and supervisors, so they are Chinese and say what to do next.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple


class ErrorKind(NamedTuple):
    """A documented kind of error: HTTP status and the Chinese default message."""

    status: int
    message: str


CATALOGUE: dict[str, ErrorKind] = {
    # the request itself
    "invalid_json": ErrorKind(400, "请求内容不是有效的 JSON，请检查后重新发送。"),
    "invalid_request": ErrorKind(422, "请求中有不符合要求的字段，请按 details 逐项修改。"),
    "invalid_cursor": ErrorKind(400, "同步游标无效或不属于本终端，请重新登录后从头同步。"),
    "resync_required": ErrorKind(410, "同步游标已过期，请保留待发数据并重新同步。"),
    "client_too_old": ErrorKind(426, "客户端版本过旧，请先升级；未发送的数据会保留在终端上。"),
    "request_too_large": ErrorKind(413, "请求过大，请分批发送。"),
    "not_found": ErrorKind(404, "没有找到所请求的内容，或您无权查看。"),
    "method_not_allowed": ErrorKind(405, "此地址不支持该操作。"),
    "unsupported_media_type": ErrorKind(415, "请求的内容类型不受支持。"),
    "content_encoding_unsupported": ErrorKind(
        415, "不支持这种压缩方式，请改用 gzip 或 zstd，或不压缩后重新发送。"
    ),
    "content_encoding_broken": ErrorKind(400, "压缩的请求内容不完整或已损坏，请重新发送。"),
    "not_acceptable": ErrorKind(406, "无法提供所要求的内容格式。"),
    "bad_request": ErrorKind(400, "请求无法处理，请检查后重试。"),
    "internal_error": ErrorKind(500, "服务器内部错误，请稍后重试；数据没有丢失。"),
    "unavailable": ErrorKind(503, "服务暂时不可用，请稍后重试。"),
    "events_full": ErrorKind(503, "实时提醒的连接已满，请改为定时同步，稍后再试。"),
    "storage_full": ErrorKind(
        507, "服务器存储空间已满，内容仍保留在终端上；请稍后重试，并通知管理员。"
    ),
    # who is asking
    "unauthenticated": ErrorKind(401, "请先登录。"),
    "token_expired": ErrorKind(401, "登录已过期，请刷新令牌。"),
    "token_invalid": ErrorKind(401, "令牌无效，请重新登录。"),
    "token_reused": ErrorKind(401, "刷新令牌被重复使用，本终端的登录已全部作废，请重新登录。"),
    "credentials_wrong": ErrorKind(401, "用户名或密码不正确。"),
    "password_weak": ErrorKind(422, "口令不符合要求，请使用 10 至 200 个字符的新口令。"),
    "username_taken": ErrorKind(409, "该用户名已被使用，请换一个用户名。"),
    "officer_taken": ErrorKind(409, "该执法人员已有账号，请先停用原账号或另选人员。"),
    "login_throttled": ErrorKind(429, "登录尝试过于频繁，请稍后再试。"),
    "device_revoked": ErrorKind(403, "本终端已被停用，请联系管理员。"),
    "device_draining": ErrorKind(
        403, "本终端正在停用：只能上传尚未发送的内容，不再下发新任务；上传完毕后自动停用。"
    ),
    "device_wipe": ErrorKind(403, "本终端已报失，请清除本地数据。"),
    "forbidden": ErrorKind(403, "您没有执行此操作的权限。"),
    # states and versions
    "conflict": ErrorKind(409, "内容与现有数据冲突，请刷新后重试。"),
    "practice_never_published": ErrorKind(
        409, "这是演练数据，永不公示；演练到审核通过为止，正式检查请在正式机构中办理。"
    ),
    "practice_only_uses": ErrorKind(
        409, "演练使用正式的检查表，不能新增或修改；确需修改请以正式机构账号办理。"
    ),
    "practice_word": ErrorKind(
        422, "details.word 是演练数据专用的字头，正式数据不能使用，请另取名称。"
    ),
    "precondition_required": ErrorKind(428, "请在 If-Match 中给出您所见的版本。"),
    "precondition_failed": ErrorKind(412, "内容已被他人修改，请刷新后重试。"),
    "state_invalid": ErrorKind(409, "当前状态不允许此操作。"),
    # conflicts
    "conflict_assignee": ErrorKind(
        422, "该人员既不是本任务的检查人员，也不是有权裁定的负责人，请另选承办人。"
    ),
    # checklists
    "checklist_invalid": ErrorKind(422, "检查表有误，没有写入任何数据；请按 details 逐项修改。"),
    "checklist_unreadable": ErrorKind(422, "无法读取该文件，请另存为 XLSX 后重新导入。"),
    "checklist_too_large": ErrorKind(413, "文件过大或展开后过大，请删去无关内容后重新导入。"),
    # item lists
    "items_not_yours": ErrorKind(
        403, "事项清单由总队制定、支队补充，大队不单独发布；请报上级支队补充。"
    ),
    "item_list_invalid": ErrorKind(
        422,
        "事项清单有误，没有发布；请按 details.errors 逐项修改（支队只可补充、细化，不可删减）。",
    ),
    # weights
    "weights_not_yours": ErrorKind(403, "权重表由总队、支队制定；请报上级机构调整。"),
    "weight_table_invalid": ErrorKind(
        422, "权重表不符合规则，没有发布；请按 details.errors 修改。"
    ),
    "weights_missing": ErrorKind(409, "尚未发布权重表，请先由总队或支队发布。"),
    # plans
    "plan_invalid": ErrorKind(422, "计划有误，没有提交；请按 details.errors 逐项修改。"),
    "plan_over_capacity": ErrorKind(
        422, "抽查数量超出可行范围（一年两次、间隔六个月）；请按 details.strata 减少数量。"
    ),
    "plan_outside_share": ErrorKind(422, "全年抽查比例超出所设上下限；请按 details.errors 调整。"),
    "plan_exists": ErrorKind(409, "该机构已有同名计划，请改用修订，或换一个计划编号。"),
    # the ledger
    "ledger_key_missing": ErrorKind(
        503, "服务器尚未配置账本签名密钥，不能公布；请管理员设置 LEDGER_KEY 后重试。"
    ),
    # draws
    "draw_refused": ErrorKind(422, "抽取规则不允许这样做，没有任何改变；原因见 details.faults。"),
    "draw_exists": ErrorKind(409, "本期已有抽取；须先公开放弃上一次，才能再抽。"),
    "draw_under_way": ErrorKind(
        409,
        "另一次抽取尚未派发任务，其抽取池含有相同对象（见 details）；待其派发或公开放弃后再冻结。",
    ),
    "draw_state": ErrorKind(409, "抽取当前所处的步骤不允许此操作。"),
    "draw_cannot_be_staffed": ErrorKind(
        422, "执法人员不足，无法保证每个对象都有人检查；缺口见 details.shortages。"
    ),
    "draw_too_varied": ErrorKind(
        422, "管辖区域与专业组合过多，无法预先确认人员充足；请分开抽取，或采用跨区域联合抽查。"
    ),
    "shares_waited_for": ErrorKind(409, "见证人的份额尚未全部揭示，期限也未到；请稍候。"),
    "witness_token_wrong": ErrorKind(401, "见证凭证无效，请向抽取现场的工作人员索取。"),
    "plan_changed": ErrorKind(409, "计划刚刚改批了另一版，没有冻结；请核对后重新抽取。"),
    "plan_not_approved": ErrorKind(409, "该计划尚未批准，请先由他人批准。"),
    "seal_not_yours": ErrorKind(403, "只有管理员可以封存抽取结果。"),
    # making tasks
    "origin_not_by_hand": ErrorKind(
        422, "该来源的任务只能由随机抽取产生；手工任务请选择举报投诉、转办交办、复查或其他。"
    ),
    "source_document_needed": ErrorKind(422, "手工任务须填写来源文书，请补充后重试。"),
    "date_out_of_range": ErrorKind(422, "日期不在允许范围内，请改为今天至两年内的日期。"),
    "cap_reached": ErrorKind(
        409, "该对象本自然年检查已达两次；确需检查的，请填写突破理由并报他人批准。"
    ),
    "interval_too_short": ErrorKind(
        409, "距上次或下次检查不足六个月；请改期，或填写突破理由并报他人批准。"
    ),
    "approval_needed": ErrorKind(409, "该任务尚未批准，请先由申请人以外的负责人批准。"),
    "approver_is_requester": ErrorKind(403, "申请人不能批准自己的申请，请由其他负责人批准。"),
    # sending officers
    "reason_needed": ErrorKind(422, "改派须说明理由，请填写后重试。"),
    "one_lead_needed": ErrorKind(422, "须有且仅有一名主办人员，请调整派员。"),
    "assistant_needed": ErrorKind(422, "至少须有一名协办人员，请增加派员。"),
    "officer_twice": ErrorKind(422, "同一人员被重复派出，请调整派员。"),
    "officer_unknown": ErrorKind(422, "本辖区名录库中没有该执法人员，请重新选择。"),
    "officer_inactive": ErrorKind(422, "该执法人员已停用，请另派人员。"),
    "certificate_missing": ErrorKind(422, "该人员没有登记执法证件或有效期，请先补录或另派人员。"),
    "certificate_expired": ErrorKind(422, "该人员执法证件在检查日已过期，请另派人员。"),
    "lead_not_qualified": ErrorKind(422, "该人员不具备主办资格，请另选主办。"),
    # review and publication
    "approval_blocked": ErrorKind(
        409, "材料尚不齐全，不能通过审核；请按 details.blocking 逐项处理。"
    ),
    "amendment_reason_needed": ErrorKind(422, "补正已审核的记录须说明理由，请填写后重试。"),
    "reviewer_on_task": ErrorKind(403, "您是该任务的检查人员，须由其他负责人审核、公示。"),
    "result_contradicts": ErrorKind(422, "所选抽查结果与检查记录不一致，请改选后重试。"),
    "correction_reason_needed": ErrorKind(422, "更正已公示的结果须说明理由，请填写后重试。"),
    "nothing_to_correct": ErrorKind(409, "公示内容没有变化，无须更正。"),
    "already_withdrawn": ErrorKind(409, "该公示已经撤回，请刷新后查看。"),
    # registers and divisions
    "register_unreadable": ErrorKind(422, "无法读取该文件，请另存为 UTF-8 的 CSV 或 XLSX 再导入。"),
    "register_truncated": ErrorKind(422, "文件不完整，请重新获取后再导入；没有写入任何数据。"),
    "register_too_large": ErrorKind(422, "文件展开后过大，请拆分后再导入；没有写入任何数据。"),
    "register_header": ErrorKind(422, "表头与模板不符，请按 details 修改表头后再导入。"),
    "register_empty": ErrorKind(422, "文件中没有一行可以导入，请查看错误清单并修改后再导入。"),
    "organisations_missing": ErrorKind(
        409, "尚未建立机构，请先运行 flask registers seed-organisations。"
    ),
    "organisation_misplaced": ErrorKind(422, "机构层级或区划与上级机构不符，请按 details 修改。"),
    "organisation_exists": ErrorKind(409, "该区划已有同级机构，请修改现有机构。"),
    "division_unknown": ErrorKind(422, "区划代码不在行政区划表中，请重新选择。"),
    "division_unsettled": ErrorKind(422, "请选择旗县区一级的区划代码。"),
    "division_out_of_scope": ErrorKind(422, "该区划不在您的辖区内，请由上级机构核定。"),
    "credit_code_invalid": ErrorKind(
        422, "统一社会信用代码不符合 GB 32100，请核对长度、字符和校验位。"
    ),
    "credit_code_taken": ErrorKind(409, "该统一社会信用代码已登记在另一对象，请核对后修改。"),
    "certificate_taken": ErrorKind(409, "该证件号已登记在另一人员，请核对后修改。"),
    "state_needs_merge": ErrorKind(
        409, "合并的对象只能在疑似重复清单中办理或撤销，请到该清单处理。"
    ),
    "not_in_cleaning": ErrorKind(403, "您不是该机构核查小组的成员，请由机构负责人先将您编入小组。"),
    "lead_signs_off": ErrorKind(403, "只有核查小组的监督员可以签批，请转交监督员。"),
    "lead_taken": ErrorKind(409, "该机构核查小组已有监督员，请先结束其任职。"),
    "lead_must_be_officer": ErrorKind(422, "监督员须是执法人员或负责人的账号，请另选人员。"),
    "proposal_decided": ErrorKind(409, "该核查意见已经签批，请刷新后查看。"),
    "note_needed": ErrorKind(422, "请填写说明后重试。"),
    "changed_since": ErrorKind(409, "该内容此后又有变动，不能直接撤销，请提出新的核查意见。"),
    "pair_decided": ErrorKind(409, "这一对对象已有结论，请先撤销原结论。"),
    "not_merged": ErrorKind(409, "这一对对象没有合并，无须撤销。"),
    "tag_act_undone": ErrorKind(409, "这次批量标注已经撤销过，请刷新后查看。"),
    "officer_recused": ErrorKind(422, "该人员与检查对象有利害关系，应当回避，请另派人员。"),
    "interest_withdrawn": ErrorKind(409, "该利害关系申报已经撤回，请刷新后查看。"),
    # uploads by tus
    "tus_version_unsupported": ErrorKind(412, "请求须带 Tus-Resumable: 1.0.0，请升级上传组件。"),
    "upload_header_invalid": ErrorKind(
        400, "上传请求头缺失或格式不正确，请按 details 中的 header 修改后重试。"
    ),
    "upload_metadata_invalid": ErrorKind(
        422, "Upload-Metadata 缺少必填项或内容不符合要求，请按 details 修改后重新创建上传。"
    ),
    "upload_not_found": ErrorKind(404, "没有这个上传，可能已完成或已过期。请重新开始上传。"),
    "upload_expired": ErrorKind(410, "这个上传已过期，请重新开始上传。"),
    "upload_locked": ErrorKind(423, "这个文件正在由另一个连接上传。请稍后再试。"),
    "upload_too_large": ErrorKind(
        413, "收到的字节超过了声明的长度或大小上限，请核对文件后重新上传。"
    ),
    "upload_length_fixed": ErrorKind(
        409, "这个上传的长度已经确定，不能更改。请按 details 中的长度继续，或重新开始上传。"
    ),
    "upload_concat_invalid": ErrorKind(
        400, "Upload-Concat 格式不正确，或所列地址不是可合成的分段，请按 details 修改后重试。"
    ),
    "upload_part_used": ErrorKind(
        409, "所列分段已用于合成另一个文件，请重新上传这些分段，再合成。"
    ),
    "upload_final_sealed": ErrorKind(
        403, "这个文件由分段合成，不能直接写入。请把内容上传到分段，再重新合成。"
    ),
    "upload_incomplete": ErrorKind(409, "文件还没有传完，请继续上传。"),
    "uploads_too_many": ErrorKind(
        429, "未完成的上传过多，请先完成或取消已有的上传，再开始新的上传。"
    ),
    "offset_mismatch": ErrorKind(409, "上传位置不一致，请从 details 中的 offset 继续上传。"),
    "checksum_malformed": ErrorKind(400, "Upload-Checksum 的格式应是“算法 base64”，请修改后重试。"),
    "checksum_algorithm_unknown": ErrorKind(400, "不支持这种校验算法，请改用 sha1 或 sha256。"),
    "checksum_mismatch": ErrorKind(460, "这一段在传输中出错，已丢弃。请从原来的位置重新上传。"),
    # photos as evidence
    "sha256_malformed": ErrorKind(400, "sha256 应是 64 位十六进制数字，请重新计算后再提交。"),
    "sha256_mismatch": ErrorKind(
        422, "收到的文件与声明的 sha256 不符，已隔离待人工核对。请从手机里的原图重新上传。"
    ),
    "photo_declared_otherwise": ErrorKind(
        409, "该照片申报的 sha256 与本次上传不一致，请核对照片后重新上传。"
    ),
    "media_type_unsupported": ErrorKind(
        415, "文件内容不是可用的照片或视频，已隔离。请上传 JPEG、PNG、WebP、HEIC 或 MP4、MOV、3GP。"
    ),
    "file_too_large": ErrorKind(413, "文件超过大小上限，请降低拍摄质量或缩短视频后重新上传。"),
    "image_too_large": ErrorKind(422, "图片像素过多，已隔离。请把相机调到较低分辨率后重新拍摄。"),
    "image_truncated": ErrorKind(422, "图片不完整，已隔离。请从手机里的原图重新上传。"),
    "image_unreadable": ErrorKind(422, "图片已损坏，已隔离。请从手机里的原图重新上传或重拍。"),
    "video_truncated": ErrorKind(422, "视频不完整，已隔离。请从手机里的原视频重新上传。"),
    "store_unavailable": ErrorKind(
        503, "照片存储暂时不可用，已收到的内容没有丢失。请稍后从原来的位置继续。"
    ),
    "store_refused": ErrorKind(
        503, "照片存储拒绝了服务器的请求，内容仍保留在终端上。请通知管理员运行 flask media check。"
    ),
    "original_missing": ErrorKind(404, "找不到原始文件，请联系管理员从备份中恢复。"),
    "original_damaged": ErrorKind(500, "已保存的原始文件可能已损坏，请联系管理员核对。"),
    "photo_deleted": ErrorKind(
        410, "原始文件保管期满，已按批准销毁；其 sha256、大小、理由和批准人永久留存，见 details。"
    ),
    # keeping and deleting
    "term_too_short": ErrorKind(
        422, "保管期限不能短于上级规定的期限或最短期限；上级未设期限的为永久保管，请先由总队设定。"
    ),
    "nothing_due": ErrorKind(409, "没有到期可销毁的内容；请按 details 查看各类仍须保管的原因。"),
    "custody_contradicts": ErrorKind(
        409, "照片的保管链不完整或与锚定文件不符，不能导出；请管理员运行 flask evidence verify。"
    ),
    "quarantine_own": ErrorKind(403, "这是您本人上传的文件，须由其他负责人处理。"),
    "derivative_missing": ErrorKind(
        404, "小图尚未生成或无法生成，请按 details 稍后再试，或下载原件查看。"
    ),
}


def register_errors(kinds: Mapping[str, ErrorKind]) -> None:
    """Add a part's own codes to the catalogue; a code is registered once."""
    for code, kind in kinds.items():
        if code in CATALOGUE:
            raise ValueError(f"error code {code!r} is registered twice")
        CATALOGUE[code] = kind


class DomainError(Exception):
    """An error that a client can understand: a code of the catalogue, with details.

    `details` is JSON-able. `message` replaces the catalogue's default where a better next step
    is known. `headers` are sent with the answer (for instance `Retry-After`).
    """

    def __init__(
        self,
        code: str,
        *,
        message: str | None = None,
        details: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        kind = CATALOGUE[code]
        self.code = code
        self.status = kind.status
        self.message = message or kind.message
        self.details = dict(details or {})
        self.headers = dict(headers or {})
        super().__init__(f"{code}: {self.message}")


#: why an op was rejected, held or kept aside; codes of `error` in a push's results
OP_CATALOGUE: dict[str, str] = {
    "op_malformed": "操作格式不正确，原文已保留，请按 details 修改后重新提交。",
    "op_id_reuse": "该操作编号已用于另一内容，请换用新的编号重新提交。",
    "type_unknown": "不认识这种数据类型，原文已保留；请升级客户端或联系管理员。",
    "action_not_allowed": "不允许对该数据执行此操作，原文已保留。",
    "field_invalid": "有字段不符合要求，原文已保留，请按 details 修改后重新提交。",
    "field_unknown": "有不认识的字段，原文已保留；请升级客户端后重新提交。",
    "field_immutable": "该字段一经填写不可更改，原文已保留。",
    "field_server_owned": "该字段由机关填写，终端不可更改，原文已保留。",
    "append_only": "备注只能追加，不能清除，原文已保留。",
    "hlc_invalid": "操作的时间戳无法识别，原文已保留。",
    "id_mismatch": "编号与所属任务不一致，原文已保留。",
    "item_unknown": "检查表中没有这一检查项，原文已保留；请同步最新检查表。",
    "answer_invalid": "检查结果不在该检查项允许的范围内，原文已保留。",
    "task_unknown": "该任务不属于您，原文已保留；请联系大队负责人。",
    "lead_only": "只有主办人员可以这样做，原文已保留。",
    "plan_not_public": "该任务的抽查计划尚未公示，不能开始检查，原文已保留；公示之后请重新提交。",
    "conflict_unknown": "没有找到这处冲突，请同步后再试。",
    "candidate_unknown": "没有这个候选值，请同步后重新选择。",
    "dependency_missing": "所依赖的操作尚未到达，本操作先行保管，到达后自动处理。",
    "dependency_rejected": "所依赖的操作未被接受，本操作原文已保留。",
    "earlier_op_held": "对同一内容的前一操作尚在等待，本操作先行保管。",
    "parent_missing": "所属内容尚未到达，本操作先行保管，到达后自动处理。",
    "held_too_many": "本终端等待中的操作过多，本操作原文已保留；请先同步所依赖的内容，再重新提交。",
    "base_unknown": "所依据的版本尚未到达服务器，本操作先行保管。",
    "not_assigned": "任务已改派他人，您的记录已作为抢救记录交给现承办人。",
    "task_reviewed": "任务已审核，您的记录已留存，待负责人决定是否补正。",
    "set_aside": "负责人已决定不并入该操作，原文与理由已保留；如有必要请修改后重新提交。",
    "task_cancelled": "任务已取消，您的记录已留存。",
}


def op_error(code: str, details: Mapping[str, Any]) -> dict[str, Any]:
    """The `error` of an op's result."""
    return {"code": code, "message": OP_CATALOGUE[code], "details": dict(details)}
