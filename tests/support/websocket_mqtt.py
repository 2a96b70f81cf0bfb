"""As little of MQTT 3.1.1 over WebSocket as it takes to knock at a broker."""
import base64
import os
import socket
import struct
import urllib.parse


def _text(value):
    data = value.encode()
    return struct.pack(">H", len(data)) + data


class WebSocketMqtt:
    def __init__(self, endpoint):
        url = urllib.parse.urlsplit(endpoint)
        self.socket = socket.create_connection((url.hostname, url.port), 5)
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall((f"GET {url.path} HTTP/1.1\r\nHost: {url.netloc}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                             f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
                             "Sec-WebSocket-Protocol: mqtt\r\n\r\n").encode())
        self.rest = b""
        while b"\r\n\r\n" not in self.rest:
            self.rest += self.socket.recv(4096)
        head, self.rest = self.rest.split(b"\r\n\r\n", 1)
        if b" 101 " not in head.split(b"\r\n")[0]:
            raise OSError(head.decode())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def _send(self, first, body):
        packet = bytes([first, len(body)]) if len(body) < 128 else bytes([first, len(body) % 128 | 128, len(body) // 128])
        packet += body
        mask = os.urandom(4)
        size = bytes([0x80 | len(packet)]) if len(packet) < 126 else b"\xfe" + struct.pack(">H", len(packet))
        self.socket.sendall(b"\x82" + size + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(packet)))

    def _receive(self):
        """The payload of the next frame with a packet; None: the broker has closed."""
        while True:
            while len(self.rest) < 2 or len(self.rest) < 2 + (self.rest[1] & 127):
                try:
                    piece = self.socket.recv(4096)
                except ConnectionError:
                    piece = b""
                if not piece:
                    return None
                self.rest += piece
            kind, size = self.rest[0] & 15, self.rest[1] & 127
            payload, self.rest = self.rest[2:2 + size], self.rest[2 + size:]
            if kind == 8:
                return None
            if kind == 2:
                return payload

    def connect(self, client_id, user=None, password=None):
        """The CONNACK's return code; None: the broker has closed instead."""
        flags = 2 | (0x80 if user is not None else 0) | (0x40 if password is not None else 0)
        body = _text("MQTT") + bytes([4, flags, 0, 30]) + _text(client_id)
        body += b"".join(_text(value) for value in (user, password) if value is not None)
        self._send(0x10, body)
        answer = self._receive()
        return None if answer is None else answer[3]

    def publish(self, topic, payload):
        """With QoS 1: is it acknowledged? Else the broker has closed."""
        self._send(0x32, _text(topic) + b"\0\1" + payload.encode())
        return self._receive() is not None

    def subscribe(self, topic):
        self._send(0x82, b"\0\2" + _text(topic) + b"\1")
        return self._receive() is not None
