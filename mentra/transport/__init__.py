"""How bytes move: WebSocket frames and HTTP bodies, over sockets or within one process. Decides nothing."""
