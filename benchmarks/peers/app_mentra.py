from mentra import AppServer, AppSession

VERSION = "version 0"


class BenchApp(AppServer):
    async def on_session(self, session: AppSession, session_id: str, user_id: str) -> None:
        session.layouts.show_text_wall(VERSION)
