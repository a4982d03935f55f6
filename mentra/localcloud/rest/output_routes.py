"""The REST routes by which apps send a managed video, while it is streamed, to further servers.

Source: MentraOS cloud/packages/cloud/src/routes/streams.routes.ts (Dec 2025); docs/protocol.md, Video.
"""

from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit

from mentra.localcloud.catalogue import Catalogue
from mentra.localcloud.phone.streamed_video import ManagedVideo
from mentra.localcloud.rest.app_keys import app_of_key
from mentra.protocol import codec, rest
from mentra.protocol.base import Wire, wire_name
from mentra.transport.base import HttpReply, HttpRequest

MOST = 10
"""As many servers for one video, and as many of one app."""
_PACKAGE_NAME = wire_name(rest.OutputRequest, "package_name")


class OutputRoutes:
    """Answers requests about the outputs of managed videos.

    Args:
        catalogue: The apps that may ask.
        videos: Those that are streamed now, by the id of the stream.
    """

    def __init__(self, catalogue: Catalogue, videos: Mapping[str, ManagedVideo]) -> None:
        self._catalogue = catalogue
        self._videos = videos

    def answer(self, request: HttpRequest, names: list[str], body: bytes) -> HttpReply | None:
        """Answer a request; ``None`` if there is no such route.

        Args:
            names: What stands behind the beginning of the path.
            body: JSON, or nothing.

        Raises:
            BadKey: It is from nobody who may ask.
        """
        match request.method, names:
            case "GET", [stream_id, "outputs"]:
                return self._list(stream_id, self._asker(request, body))
            case "POST", [stream_id, "outputs"]:
                return self._add(stream_id, self._asker(request, body), _asked(body))
            case "DELETE", [stream_id, "outputs", output_id]:
                return self._remove(stream_id, output_id, self._asker(request, body))
            case _:
                return None

    def _asker(self, request: HttpRequest, body: bytes) -> str:
        in_query = parse_qs(urlsplit(request.path).query).get(_PACKAGE_NAME, [""])[0]
        package_name = _asked(body).package_name or in_query
        header = request.headers.get("authorization")
        return app_of_key(self._catalogue, header, package_name if isinstance(package_name, str) else None).package_name

    def _find(self, stream_id: str, package_name: str) -> ManagedVideo | None:
        """Return a video of a user for whom the app runs."""
        video = self._videos.get(stream_id)
        run = video.run_of(package_name) if video else None
        return video if run is not None and run.is_running else None

    def _list(self, stream_id: str, package_name: str) -> HttpReply:
        video = self._find(stream_id, package_name)
        if video is None:
            return _no(404, "STREAM_NOT_FOUND", "Managed stream not found")
        if not _watches(video, package_name):
            return _no(403, "NOT_A_VIEWER", "App must be viewing the stream to list outputs")
        outputs = [
            rest.ManagedVideoOutput(
                output_id=each.output_id, url=each.url, name=each.name, added_by=each.added_by, status="unknown"
            )
            for each in video.outputs
        ]
        return _reply(
            200,
            rest.ManagedVideoOutputs(
                stream_id=stream_id, outputs=outputs, total=len(outputs), max_per_stream=MOST, max_per_app=MOST
            ),
        )

    def _add(self, stream_id: str, package_name: str, asked: rest.OutputRequest) -> HttpReply:
        if not asked.url or not isinstance(asked.url, str):
            return _no(400, "INVALID_URL", "URL is required and must be a string")
        if not asked.url.startswith(("rtmp://", "rtmps://")):
            return _no(400, "INVALID_URL_FORMAT", "URL must start with rtmp:// or rtmps://")
        video = self._find(stream_id, package_name)
        if video is None:
            return _no(404, "STREAM_NOT_FOUND", "Managed stream not found or app is not a viewer")
        if not _watches(video, package_name):
            return _no(403, "NOT_A_VIEWER", "App must be viewing the stream to add outputs")
        if len(video.outputs) >= MOST:  # The limit for one app is the same, so it is never what stops it.
            return _no(409, "MAX_OUTPUTS_REACHED", f"Stream has reached maximum of {MOST} outputs")
        if any(each.url == asked.url for each in video.outputs):
            return _no(409, "DUPLICATE_URL", "This RTMP URL is already configured as an output")
        name = asked.name if isinstance(asked.name, str) else None
        output = video.add_output(asked.url, name=name, added_by=package_name)
        video.tell_all("active", "Outputs updated")
        done = rest.OutputAdded(success=True, output_id=output.output_id, message="Output added successfully")
        return _reply(200, done)

    def _remove(self, stream_id: str, output_id: str, package_name: str) -> HttpReply:
        video = self._find(stream_id, package_name)
        if video is None:
            return _no(404, "STREAM_NOT_FOUND", "Managed stream not found")
        output = next((each for each in video.outputs if each.output_id == output_id), None)
        if output is None:
            return _no(404, "OUTPUT_NOT_FOUND", "Output not found")
        if output.added_by != package_name:
            return _no(403, "NOT_AUTHORIZED", "You can only remove outputs that you added")
        video.outputs.remove(output)
        video.tell_all("active", "Outputs updated")
        return _reply(200, rest.Outcome(success=True, message="Output removed successfully"))


def _asked(body: bytes) -> rest.OutputRequest:
    asked = codec.decode_as(rest.OutputRequest, body)
    return rest.OutputRequest() if isinstance(asked, codec.Malformed) else asked


def _watches(video: ManagedVideo, package_name: str) -> bool:
    return any(run.package_name == package_name for run in video.viewers)


def _no(status: int, error: str, message: str) -> HttpReply:
    return _reply(status, rest.Outcome(error=error, message=message))


def _reply(status: int, body: Wire) -> HttpReply:
    return HttpReply(status, codec.encode(body))
