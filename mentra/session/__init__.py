"""One user of one app, as app code sees it."""
