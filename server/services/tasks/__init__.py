"""Tasks (检查任务) and checklists: made, assigned, handed over, counted."""
