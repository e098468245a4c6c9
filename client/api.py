"""The thin HTTP layer: addresses, the bearer token and its refresh, errors, waiting.

Two ways to ask: `send` makes one exchange and returns whatever came (tus needs the bare answers),
`call` repeats with patience and turns 4xx and 5xx into exceptions.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urljoin, urlsplit

import requests

from client.errors import Offline, ProtocolError, SignInNeeded, retry_after
from client.patience import Patience
from client.wire import (
    PASSING_STATUS,
    Json,
    TokenKeeper,
    Tokens,
    Transport,
    checked,
    encoded,
    json_object,
    packed,
    tokens_in,
)

API_ROOT = "/api/v1"
TIMEOUT_SECONDS = 30.0


class Api:
    """HTTP under one person's token; with no keeper, only what needs no token."""

    def __init__(
        self,
        server: str,
        keeper: TokenKeeper | None,
        *,
        transport: Transport | None = None,
        patience: Patience | None = None,
    ) -> None:
        self.root = server.rstrip("/") + API_ROOT
        self.patience = patience or Patience()
        self._keeper = keeper
        self._transport: Transport = transport or requests.Session()
        self._quiet_until = 0.0

    def call(
        self,
        method: str,
        path: str,
        *,
        body: Json | None = None,
        params: list[tuple[str, str]] | None = None,
        headers: Mapping[str, str] | None = None,
        bearer: bool = True,
        repeatable: bool = True,
    ) -> requests.Response:
        """Ask, with patience when a repetition does no harm; errors come as `ApiError`.

        Nearly all of this protocol may be repeated: ops carry their op_id, a spent refresh token
        is answered again. Only login and the resolution of a conflict say `repeatable=False`.
        """
        tries = self.patience.tries()
        data, coding = (None, {}) if body is None else packed(encoded(body))
        head = {**coding, **(headers or {})}
        while True:
            try:
                answer = self.send(
                    method, path, data=data, params=params, headers=head, bearer=bearer
                )
            except Offline:
                if not repeatable or not tries.wait():
                    raise
                continue
            passing = repeatable and answer.status_code in PASSING_STATUS
            if not passing or not tries.wait(retry_after(answer)):
                return checked(answer)

    def send(
        self,
        method: str,
        path: str,
        *,
        data: bytes | None = None,
        params: list[tuple[str, str]] | None = None,
        headers: Mapping[str, str] | None = None,
        bearer: bool = True,
        stream: bool = False,
    ) -> requests.Response:
        """One exchange; twice only when the access token had run out. Any status is returned.

        With `stream` the answer's body is not read yet, and the caller closes it."""
        head = {"Content-Type": "application/json"} if data is not None else {}
        head |= {"Accept": "application/json", **(headers or {})}
        if not bearer:
            return self._exchange(method, path, data, params, head)
        access = self._tokens().access
        more = {"stream": True} if stream else {}
        answer = self._exchange(method, path, data, params, head | _authorised(access), **more)
        if answer.status_code != 401:
            return answer
        self.refresh(spent_access=access)
        renewed = _authorised(self._tokens().access)
        return self._exchange(method, path, data, params, head | renewed, **more)

    def refresh(self, *, spent_access: str | None = None) -> None:
        """Rotate the tokens. A lost answer is asked for again with the same, spent, token.

        The server allows that until the new token was used once. So the new pair is stored before
        anything is sent with it: a crash in between leaves the old token, which is still good.
        """
        held = self._tokens()
        if spent_access is not None and held.access != spent_access:
            return
        try:
            answer = self.call(
                "POST", "/auth/refresh", body={"refresh_token": held.refresh}, bearer=False
            )
        except SignInNeeded:
            if self._keeper is not None:
                self._keeper.forget()
            raise
        if self._keeper is not None:
            self._keeper.keep(tokens_in(json_object(answer)))

    def absolute(self, location: str, *, base: str) -> str:
        """A `Location`, made absolute; never one of another host, which would get our token."""
        url = urljoin(base, location)
        if urlsplit(url)[:2] != urlsplit(self.root)[:2]:
            raise ProtocolError(f"the server points to another origin: {url}")
        return url

    def _tokens(self) -> Tokens:
        held = self._keeper.tokens() if self._keeper else None
        if held is None:
            raise SignInNeeded(
                401, "signed_out", "登录已失效，请重新登录。未上传的内容仍保存在本机。"
            )
        return held

    def _exchange(
        self,
        method: str,
        path: str,
        data: bytes | None,
        params: list[tuple[str, str]] | None,
        headers: Mapping[str, str],
        **more: bool,
    ) -> requests.Response:
        self._keep_quiet()
        try:
            answer = self._transport.request(
                method,
                path if "://" in path else self.root + path,
                params=params,
                data=data,
                headers=dict(headers),
                timeout=TIMEOUT_SECONDS,
                allow_redirects=False,
                **more,
            )
        except requests.RequestException as error:
            raise Offline(f"{method} {path}: {error}") from error
        self._hear_wish_for_quiet(answer)
        return answer

    def _hear_wish_for_quiet(self, answer: requests.Response) -> None:
        """`Backoff: <seconds>`, and `Retry-After` too, may come with a success: the next request,
        whatever it asks, waits that long."""
        asked = answer.headers.get("Backoff", "")
        pause = float(asked) if asked.isdecimal() else 0.0
        if answer.ok:
            pause = max(pause, retry_after(answer) or 0.0)
        if pause:
            pause = min(pause, self.patience.longest_seconds)
            self._quiet_until = self.patience.monotonic() + pause

    def _keep_quiet(self) -> None:
        pause = self._quiet_until - self.patience.monotonic()
        self._quiet_until = 0.0
        if pause > 0:
            self.patience.sleep(pause)


def _authorised(access: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {access}"}
