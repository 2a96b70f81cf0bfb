"""A TCP proxy that is as slow as it is told to be, so that what fleetsim measures can be compared with what is known.

    with SlowProxy(port, delay=0.05) as proxy:      # every byte 50 ms late, in each direction
        …  mqtts://127.0.0.1:{proxy.port}  …
        began, ended = proxy.stall(1)               # for a second nothing gets through, on any connection

It does not look into what it carries, so TLS passes. Times are those of time.monotonic(), the clock that fleetsim measures
by. No byte is ever early: a latency through it is at least what it added. How late it was itself is in `lateness`.
"""
import asyncio
import collections
import threading
import time


class _Way(asyncio.Protocol):
    """What one side of a connection sends, on its way to the other."""

    def __init__(self, proxy, delay):
        self.proxy, self.delay = proxy, delay
        self.transport = self.other = None
        self.held = collections.deque()  # (due, bytes), or None for bytes: the end
        self.timer = None

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.held.append((self.proxy.loop.time() + self.delay, data))
        if self.timer is None:
            self.pump()

    def connection_lost(self, exc):
        self.held.append((self.proxy.loop.time() + self.delay, None))
        if self.timer is None:
            self.pump()

    def pump(self):
        self.timer = None
        while self.held:
            due = max(self.held[0][0], self.proxy.closed_until)
            now = self.proxy.loop.time()
            if self.other is None or due > now:
                wait = due if self.other is not None else now + 0.001
                self.timer = self.proxy.loop.call_at(wait, self.pump)
                return
            if self.delay > 0 or self.proxy.closed_until > 0:
                self.proxy.lateness = max(self.proxy.lateness, now - due)
            data = self.held.popleft()[1]
            if data is None:
                self.other.transport.close()
            elif not self.other.transport.is_closing():
                self.other.transport.write(data)


class SlowProxy:
    """`delay` seconds in each direction; if it is a function, of the connection's number (from 0)."""

    def __init__(self, target_port, delay=0.0):
        self.target_port = target_port
        self.delay = delay if callable(delay) else lambda number: delay
        self.connections = 0
        self.closed_until = 0.0
        self.lateness = 0.0
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)

    def __enter__(self):
        self.thread.start()
        self.server = self._call(self.loop.create_server(self._accept, "127.0.0.1", 0, backlog=1024))
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_):
        self.loop.call_soon_threadsafe(self.server.close)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()

    def _call(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(10)

    def _accept(self):
        delay = self.delay(self.connections)
        self.connections += 1
        near, far = _Way(self, delay), _Way(self, delay)
        far.other = near
        self.loop.create_task(self._join(near, far))
        return near

    async def _join(self, near, far):
        try:
            await self.loop.create_connection(lambda: far, "127.0.0.1", self.target_port)
        except OSError:
            near.transport.abort()
            return
        near.other = far

    def stall(self, seconds):
        """Holds everything back for so long, and waits for it; returns when it really began and ended."""

        async def close():
            began = self.loop.time()
            self.closed_until = began + seconds
            await asyncio.sleep(seconds)
            return began, self.closed_until

        return asyncio.run_coroutine_threadsafe(close(), self.loop).result(seconds + 10)
