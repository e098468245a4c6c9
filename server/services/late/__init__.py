"""Late work (迟到的工作): what was held, salvaged or came after approval, and who decides it."""
