"""The chain of custody (保管链): sealing, anchoring, verifying, handing over."""
