"""The pages and the HTTP interface of an app's own: routes, static files, signed-in users, streams of events."""
