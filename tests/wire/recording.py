"""A recorded session between the cloud of December 2025 and an app, and what makes two sessions comparable.

``captures/all-capabilities.jsonl`` has one row per frame or HTTP body. Two users were recorded at once; what is here is
the first one's part.
"""

import json
import re
from pathlib import Path
from typing import Any

PACKAGE_NAME = "com.example.tsfull"
API_KEY = "ts-full"
USER_ID = "user1@example.com"
SESSION_ID = f"{USER_ID}-{PACKAGE_NAME}"

Row = dict[str, Any]


def _is_first_users(row: Row) -> bool:
    body, path = row.get("body"), row.get("path", "")
    if isinstance(body, dict) and {"userId", "userIdForSettings"} & set(body):
        return USER_ID in (body.get("userId"), body.get("userIdForSettings"))
    if "session" in row and row["session"] is not None:
        return row["session"] == SESSION_ID
    if row["kind"] == "app.ws.connect":
        return row["conn"] == 1
    if "/simple-storage/" in path:
        return path.endswith(USER_ID.replace("@", "%40"))
    return True


def _once(rows: list[Row]) -> list[Row]:
    """Drop every second row of those that both users have alike, and that do not say whose they are."""
    kept: list[Row] = []
    seen: dict[tuple[str, str], int] = {}
    for row in rows:
        if _is_anybodys(row):
            kind = (row["kind"], row["path"])
            seen[kind] = seen.get(kind, 0) + 1
            # Of the two photos the second is the first user's, as the answers to them say.
            if seen[kind] % 2 == (1 if row["path"] == "/photo-upload" else 0):
                continue
        kept.append(row)
    return kept


def _is_anybodys(row: Row) -> bool:
    path = row.get("path", "")
    return (
        path.startswith("/api/public/permissions/")
        or path == "/photo-upload"
        or (row["kind"] == "app>cloud.httpres" and row["session"] is None)
    )


STORY: list[Row] = _once(
    [
        row
        for row in map(json.loads, (Path(__file__).parent / "captures/all-capabilities.jsonl").read_text().splitlines())
        if _is_first_users(row)
    ]
)


_ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_TIMES = frozenset({"timestamp", "timeStamp", "startTime", "endTime", "createdAt"})
_LENGTHS = frozenset({"duration", "startMs", "endMs"})
"""How long something took."""
_URL = re.compile(r"^[a-z]+://[^/]+")
_STREAM_ID = re.compile(r"^s[0-9a-z]{10}$")


def comparable(value: Any, key: str = "") -> Any:
    """Return what is compared: docs/local-cloud.md, What is not compared, has the rest."""
    if isinstance(value, dict):
        return {name: comparable(part, name) for name, part in value.items() if name != "_id"}
    if isinstance(value, list):
        if key == "tokens":
            return _tokens(value)
        return [comparable(part) for part in value]
    if key in _TIMES:
        return _time(value)
    if key in _LENGTHS:
        return "<ms>"
    if isinstance(value, str) and key == "streamId" and _STREAM_ID.match(value):
        return "<stream id>"
    if isinstance(value, str) and key.lower().endswith("url"):
        return _URL.sub("<host>", value)
    return value


def _time(value: Any) -> str:
    """Return in which way a moment is written."""
    if isinstance(value, str):
        return "<ISO 8601>" if _ISO.fullmatch(value) else value
    is_now = isinstance(value, int) and 1_700_000_000_000 < value < 2_000_000_000_000
    return "<ms since 1970>" if is_now else f"<{value}>"


def _tokens(tokens: list[Row]) -> Row:
    """Return what tokens say together: each recogniser cuts a text in another way."""
    return {
        "text": "".join(token["text"] for token in tokens),
        "each": sorted({name: comparable(part, name) for name, part in tokens[0].items() if name != "text"}.items()),
    }
