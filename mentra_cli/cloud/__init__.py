"""The local cloud by itself, on a port: ``mentra cloud``. See docs/local-cloud.md."""
