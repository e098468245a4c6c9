"""Planning (抽查计划): what may be drawn for, and what is to be drawn when."""
