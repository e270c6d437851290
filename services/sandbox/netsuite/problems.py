"""NetSuite's refusals, in the shape of its REST error body."""

from collections.abc import Mapping

from ..wire import Response

__all__ = ["ERROR_MEDIA", "Problem", "invalid", "missing", "unauthorised", "user_error"]

ERROR_MEDIA = "application/vnd.oracle.resource+json; type=error; charset=UTF-8"

#: Title and section of RFC 9110 that the body's `type` points to.
TITLES = {
    400: ("Bad Request", "15.5.1"),
    401: ("Unauthorized", "15.5.2"),
    403: ("Forbidden", "15.5.4"),
    404: ("Not Found", "15.5.5"),
    405: ("Method Not Allowed", "15.5.6"),
    415: ("Unsupported Media Type", "15.5.16"),
}


class Problem(Exception):
    """A refusal: HTTP status, `o:errorCode`, words, and the part of the request it is about.

    `where` is the locator as it stands in the body, such as `("o:errorPath", "item.items[0].item")`.
    `outer` is an error code beside the details, which NetSuite adds for throttling only.
    """

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        status: int = 400,
        where: tuple[str, str] | None = None,
        title: str = "",
        outer: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{code}: {detail}")
        self.code, self.detail, self.status, self.where = code, detail, status, where
        self.title, self.outer, self.headers = title, outer, dict(headers or {})

    def response(self) -> Response:
        usual, section = TITLES.get(self.status, TITLES[400])
        details = {"detail": self.detail, "o:errorCode": self.code}
        if self.where:
            details[self.where[0]] = self.where[1]
        body: dict[str, object] = {
            "type": f"https://www.rfc-editor.org/rfc/rfc9110.html#section-{section}",
            "title": self.title or usual,
            "status": self.status,
        }
        if self.outer:
            body["o:errorCode"] = self.outer
        body["o:errorDetails"] = [details]
        return Response.of(body, self.status, self.headers, ERROR_MEDIA)


def invalid(detail: str, path: str) -> Problem:
    """A value that NetSuite cannot read, or a reference to nothing. `path` is the JSON path of the value."""
    return Problem(
        "INVALID_CONTENT", detail, title="Invalid content in the request", where=("o:errorPath", path)
    )


def user_error(detail: str) -> Problem:
    """A rule of the business that the request breaks."""
    return Problem("USER_ERROR", f"Error while accessing a resource. {detail}")


def missing(*labels: str) -> Problem:
    """Mandatory fields without a value, named by their labels on the form."""
    return user_error(f"Please enter value(s) for: {', '.join(labels)}.")


def unauthorised(realm: str, why: str, *, scheme: str = "Bearer") -> Problem:
    """401 with the challenge of RFC 6750 section 3, as NetSuite words it for expired and unknown tokens."""
    challenge = f'{scheme} realm="{realm}", error="invalid_token", error_description="Invalid login attempt."'
    return Problem("INVALID_LOGIN", why, status=401, headers={"WWW-Authenticate": challenge})
