"""The sentences of the faults, in Chinese and English, by code; a code keeps its meaning."""

SENTENCES: dict[str, tuple[str, str]] = {
    # the file
    "file_unreadable": ("文件无法读取。", "The file can't be read."),
    "file_too_large": (
        "文件过大：请把抽取池放在同名的 .pool.ndjson 文件里。",
        "The file is too large: put the pool beside it as .pool.ndjson.",
    ),
    "pool_missing": (
        "档案中没有抽取池，旁边也没有同名的 .pool.ndjson 文件。",
        "There is no pool in the bundle and no .pool.ndjson beside it.",
    ),
    "two_pools": (
        "档案中已有抽取池，旁边又有一个 .pool.ndjson：只能有一个。",
        "There is a pool in the bundle and another beside it: only one may be.",
    ),
    # canonical JSON
    "not_utf8": ("不是 UTF-8 文本。", "This is not UTF-8."),
    "not_json": ("不是 JSON。", "This is not JSON."),
    "row_too_large": ("这一行过长。", "This row is too long."),
    "too_deep": ("嵌套过深。", "This is nested too deeply."),
    "float": ("不允许小数，只能用整数。", "A number with a fraction or exponent is not allowed."),
    "not_a_number": ("NaN 和 Infinity 不是 JSON。", "NaN and Infinity are not JSON."),
    "integer_too_large": ("整数必须小于 2^53。", "An integer must be below 2^53."),
    "repeated_key": ("同一个键出现了两次。", "A key is repeated."),
    "key_not_ascii": ("键只能用 ASCII 字符。", "A key must be ASCII."),
    "text_not_nfc": ("文本不是 NFC 规范形式。", "A text is not in Unicode's normal form NFC."),
    "lone_surrogate": ("文本含有单独的代理码位。", "A text holds half of a surrogate pair."),
    # the shape
    "format_unknown": ("不认识的档案格式。", "The format of the bundle is not known."),
    "missing_key": ("缺少这个键。", "A key is missing."),
    "unknown_key": ("这里不允许有这个键。", "A key is not allowed here."),
    "wrong_type": ("值的类型不对。", "The value is of another type."),
    "not_a_slot": (
        "期次应写作 YYYY-MM/区划代码/计划#次数。",
        "A slot is written YYYY-MM/division code/plan#attempt.",
    ),
    "not_a_code": (
        "编号必须是 1 到 64 个可见的 ASCII 字符，不含空格。",
        "A code is 1 to 64 printable ASCII characters without blank.",
    ),
    "not_hex": ("必须是 64 位小写十六进制数。", "This must be 64 lower-case hexadecimal digits."),
    "empty_text": ("这里必须有文字。", "A text must stand here."),
    "weight_out_of_range": (
        "可抽对象的权重必须是 1 到 100 的整数。",
        "The weight of an eligible object is an integer from 1 to 100.",
    ),
    "weight_of_ineligible": (
        "不可抽对象的权重必须是 0。",
        "The weight of an object that can't be drawn is 0.",
    ),
    "reason_missing": (
        "不可抽的对象必须写明原因。",
        "An object that can't be drawn needs a reason.",
    ),
    "reason_of_eligible": ("可抽的对象不能有原因。", "An eligible object has no reason."),
    "repeated_id": ("编号重复。", "An id is repeated."),
    "balls_out_of_range": ("球数必须是 0 到 1000 的整数。", "Balls are an integer from 0 to 1000."),
    "stratum_without_rule": ("这个分层没有规则。", "A stratum has no rule."),
    "count_out_of_range": (
        "必须是不小于 0 的整数。",
        "This must be an integer that is not negative.",
    ),
    "quota_too_large": (
        "抽取数量超过了可抽对象的数量。",
        "The quota is above the number of eligible objects.",
    ),
    "repeated_role": ("角色重复。", "A role is repeated."),
    "needs_role_unknown": (
        "需要专业的角色必须是所列角色之一。",
        "The role that must have the specialty is not one of the roles.",
    ),
    # the entropy
    "dice_not_digits": (
        "骰子点数只能是数字 0 到 9。",
        "The dice are digits 0 to 9 and nothing else.",
    ),
    "dice_too_short": ("骰子至少要掷 20 次。", "The dice must be rolled at least 20 times."),
    "repeated_witness": ("见证人重复。", "A witness is repeated."),
    "witness_unknown": ("没有这位见证人的承诺。", "No commitment of this witness was handed in."),
    "share_does_not_open": (
        "份额与此前交来的承诺不符。",
        "A revealed share does not match its commitment.",
    ),
    # what is recomputed
    "commitment_differs": (
        "承诺与重新计算的不同：抽取池、人员、规则、期次或见证人的承诺被改过。",
        "The commitment differs from the recomputed one: pool, officers, rules, slot or the "
        "witnesses' commitments were changed.",
    ),
    "seed_differs": (
        "种子与重新计算的不同。",
        "The seed differs from the recomputed one.",
    ),
    "objects_differ": (
        "抽中的对象与重新计算的不同。",
        "The drawn objects differ from the recomputed ones.",
    ),
    "reserve_differs": (
        "候补对象与重新计算的不同。",
        "The substitutes differ from the recomputed ones.",
    ),
    "assignments_differ": (
        "派员与重新计算的不同。",
        "The assignments differ from the recomputed ones.",
    ),
    "after_differs": (
        "后续事件的结果与重新计算的不同。",
        "The result of a late event differs from the recomputed one.",
    ),
    # staffing and late events
    "cannot_be_staffed": (
        "现有人员不能满足全部派员需要：抽取不得开始。",
        "The officers can't staff all that was drawn: the ceremony must not begin.",
    ),
    "event_unknown": ("不认识的后续事件。", "The kind of a late event is not known."),
    "repeated_object": ("同一对象列出了两次。", "An object is listed twice."),
    "object_not_standing": (
        "该对象不在本次抽中的对象之列，或已被替换。",
        "The object was not drawn, or has been replaced.",
    ),
    "officer_unknown": ("没有这名人员。", "There is no such officer."),
    "officer_not_on_object": ("该人员不在这个对象上。", "The officer is not on this object."),
    "no_substitute": (
        "该分层已没有候补对象：请由负责人决定是否公开取消任务。",
        "The stratum has no substitute left: a person decides.",
    ),
    "nobody_admissible": (
        "没有可派的人员：请让另一名抽中的人员到位，或公开取消任务。",
        "Nobody is admissible: make another drawn officer available, or cancel in the open.",
    ),
}
