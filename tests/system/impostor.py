"""Servers that are not tokend's, for the clients to see through."""

import contextlib
import os
import socket
import struct
import threading

NOBODY = 65534


class Impostor:
    """Listens on path as another uid, records every byte it gets, and says yes to everything."""

    def __init__(self, path, uid=NOBODY):
        self.path = path
        self.received = b''
        self.accepted = 0
        self.reader, writer = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                self.serve(path, uid, writer)
            finally:
                os._exit(0)
        os.close(writer)
        os.read(self.reader, 1)

    def serve(self, path, uid, writer):
        listener = socket.socket(socket.AF_UNIX)
        os.setgroups([])
        os.setgid(uid)
        os.setuid(uid)
        listener.bind(path)
        os.chmod(path, 0o666)
        listener.listen(16)
        os.write(writer, b'+')
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=self.record, args=(connection, writer), daemon=True).start()

    @staticmethod
    def record(connection, writer):
        body = (b'{"access_token":"' + b'a' * 64 + b'","id":"' + b'a' * 32 + b'","login":"' + b'a' * 32 +
                b'","username":"ada","uid":70000,"gid":70000,"state":"active","active":true}')
        os.write(writer, struct.pack('=BI', 1, 0))
        with contextlib.suppress(OSError):
            while data := connection.recv(4096):
                os.write(writer, struct.pack('=BI', 0, len(data)) + data)
                connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ' +
                                   str(len(body)).encode() + b'\r\n\r\n' + body)

    def stop(self):
        """(connections, bytes) that it got."""
        os.kill(self.pid, 9)
        os.waitpid(self.pid, 0)
        connections, received = 0, b''
        with os.fdopen(self.reader, 'rb') as pipe:
            while header := pipe.read(5):
                accepted, size = struct.unpack('=BI', header)
                connections += accepted
                received += pipe.read(size)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)
        return connections, received
