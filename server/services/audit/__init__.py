"""The audit trail (全程留痕): acts, their chain, their reading."""
