"""Drawing (抽取): the ceremony on the real registers, and what follows from it."""
