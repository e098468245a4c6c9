"""Evidence (照片证据): from declared photos and arriving bytes to verified originals."""
