"""Review (审核): what was submitted, what is missing, the decision."""
