"""Pages that people use, in a real browser against a real server (真实浏览器)."""
