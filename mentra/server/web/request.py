"""What a route is given."""

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar, overload
from urllib.parse import parse_qsl

from mentra.errors import AuthError, WebError
from mentra.protocol import codec
from mentra.session.session import AppSession
from mentra.transport.base import HttpRequest
from mentra.wrong_names import unknown_name

T = TypeVar("T")


class Visitor:
    """Who made a request; found out when it is first asked.

    Args:
        identify: Finds it out: the user, and the cookie by which they are to be known next time.
    """

    def __init__(self, identify: Callable[[], Awaitable[tuple[str | None, str | None]]]) -> None:
        self._identify = identify
        self.asked = False
        """Whether it was found out."""
        self.user_id: str | None = None
        self.cookie: str | None = None
        """A header ``set-cookie`` for the answer."""

    async def find(self) -> str | None:
        """Return the user, or ``None``."""
        if not self.asked:
            self.user_id, self.cookie = await self._identify()
            self.asked = True
        return self.user_id


class Request:
    """One HTTP request to a route of the app.

    Attributes:
        method: ``"GET"``, ``"POST"`` and so on. A ``HEAD`` request is answered by the route for ``GET``.
        path: The path, as it was sent, without the query.
        params: What stands in the path where the route has ``{name}``.
        query: The parameters behind the ``?``; of one that is given twice, the first.
        headers: The headers, with names in lower case.
        body: The body, as it came.
    """

    def __init__(
        self,
        http: HttpRequest,
        params: Mapping[str, str],
        visitor: Visitor,
        session_for: Callable[[str], AppSession | None],
    ) -> None:
        self.method = http.method
        self.path = http.path_only
        self.params = params
        self.query: Mapping[str, str] = query_of(http)
        self.headers = http.headers
        self.body = http.body
        self._visitor = visitor
        self._session_for = session_for

    def __repr__(self) -> str:
        return f"<Request {self.method} {self.path}>"  # Without the query, which may hold tokens.

    @property
    def cookies(self) -> Mapping[str, str]:
        """The cookies that the browser sent."""
        return cookies_of(self.headers)

    @property
    def user_id(self) -> str:
        """The signed-in user of a route with ``auth=True``, or after ``find_user``.

        Raises:
            AuthError: Nobody is signed in, or the route did not ask. Not caught, it is answered with 401.
        """
        if self._visitor.user_id is not None:
            return self._visitor.user_id
        if self._visitor.asked:
            raise AuthError("Nobody is signed in: await request.find_user() returned None, and user_id is nobody's.")
        raise _not_asked("user_id")

    async def find_user(self) -> str | None:
        """Return the signed-in user, or ``None``; for routes that are for others, too."""
        return await self._visitor.find()

    @property
    def session(self) -> AppSession | None:
        """The user's session; ``None`` when the app does not run for them, or ``find_user`` found nobody.

        Raises:
            AuthError: The route did not ask who it is. Not caught, it is answered with 401.
        """
        if not self._visitor.asked:
            raise _not_asked("session")
        return None if self._visitor.user_id is None else self._session_for(self._visitor.user_id)

    def text(self) -> str:
        """Return the body as text.

        Raises:
            WebError: It is not UTF-8; not caught, it is answered with 400.
        """
        try:
            return self.body.decode()
        except UnicodeDecodeError as error:
            raise WebError(400, f"The body is no UTF-8: {error}.") from error

    @overload
    def json(self) -> Any: ...
    @overload
    def json(self, kind: type[T]) -> T: ...
    def json(self, kind: Any = Any) -> Any:
        """Return the body, read as JSON.

        Args:
            kind: What it must be, such as ``dict[str, str]``, a dataclass or a ``msgspec.Struct``.

        Raises:
            WebError: It is no JSON, or another kind; not caught, it is answered with 400 and the reason.
        """
        value = codec.decode_as(kind, self.body)
        if isinstance(value, codec.Malformed):
            raise WebError(400, f"The body cannot be used: {value.problem}.")
        return value

    def form(self) -> Mapping[str, str]:
        """Return the fields of a form that was sent as forms are by default (``application/x-www-form-urlencoded``).

        Raises:
            WebError: It was not; not caught, it is answered with 400.
        """
        kind = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/x-www-form-urlencoded":
            raise WebError(400, f"The body is {kind or 'nothing'}, and not a form (application/x-www-form-urlencoded).")
        return _fields(self.text())

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> NoReturn:
            raise unknown_name(self, name, [*vars(self), *dir(type(self))], moved=_MOVED)


def _not_asked(name: str) -> AuthError:
    return AuthError(
        f"Nobody has asked yet who it is: request.{name} is for routes with auth=True, or after await "
        "request.find_user()."
    )


def query_of(request: HttpRequest) -> dict[str, str]:
    """Return the parameters of a request, each with its first value."""
    return _fields(request.path.partition("?")[2])


def cookies_of(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the cookies of a request; of two with the same name the first, which is the more specific one."""
    found: dict[str, str] = {}
    for part in headers.get("cookie", "").split(";"):
        name, equals, value = part.strip().partition("=")
        if equals:
            found.setdefault(name, value.strip('"'))
    return found


def _fields(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        found.setdefault(name, value)
    return found


_MOVED = {
    "authUserId": "user_id",
    "activeSession": "session",
}
