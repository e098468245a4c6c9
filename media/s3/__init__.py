"""The same interfaces in S3-compatible object storage (对象存储); see docs/evidence/stores.md.

`bucket` speaks to the storage, in our own words and errors; `uploads` and `partial` keep what is
unfinished where every app server can go on with it; `store` and `derivatives` keep what is whole.
Nothing outside of this package imports botocore, so that a local deployment pays nothing for it.
"""
