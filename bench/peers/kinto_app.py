"""Kinto as a WSGI app; runs in the peers' own virtual environment.

Run by granian as `bench.peers.kinto_app:create_app`, and once by itself to make the tables.
`KINTO_DATABASE` says where.
"""

import os
from typing import Any

import kinto

BATCH_MAX = "50"


def create_app() -> Any:
    """Kinto with PostgreSQL behind storage and permissions."""
    url = os.environ["KINTO_DATABASE"]
    app: Any = kinto.main(
        {},
        **{
            "kinto.userid_hmac_secret": "the benchmarks' own",
            "kinto.bucket_create_principals": "system.Authenticated",
            "kinto.batch_max_requests": BATCH_MAX,
            "kinto.storage_backend": "kinto.core.storage.postgresql",
            "kinto.storage_url": url,
            "kinto.permission_backend": "kinto.core.permission.postgresql",
            "kinto.permission_url": url,
            "kinto.cache_backend": "kinto.core.cache.memory",
            "multiauth.policies": "basicauth",
            "multiauth.policy.basicauth.use": (
                "kinto.core.authentication.BasicAuthAuthenticationPolicy"
            ),
        },
    )
    return app


if __name__ == "__main__":
    for backend in ("storage", "permission"):
        getattr(create_app().registry, backend).initialize_schema()
