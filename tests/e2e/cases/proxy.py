"""The only way out: python3 proxy.py PORT HOST:PORT [USER:PASSWORD]

A CONNECT to anybody ends here, with a certificate of the authority in this folder, and goes on to HOST:PORT in the
clear, as in companies that look into their traffic. What is asked for in the clear is asked of whom it names.
"""

import base64
import http.client
import socket
import ssl
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

port, target = int(sys.argv[1]), sys.argv[2].split(":")
login = base64.b64encode(sys.argv[3].encode()).decode() if len(sys.argv) > 3 else None
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("server.pem", "server.key")


def pump(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
    except OSError:
        pass
    for end in (source, sink):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def is_known(self):
        if login is None or self.headers.get("Proxy-Authorization") == f"Basic {login}":
            return True
        self.send_response(407)
        self.send_header("Content-Length", "0")
        self.end_headers()
        return False

    def do_CONNECT(self):
        if not self.is_known():
            return
        self.log_request(200)
        self.connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        self.close_connection = True
        try:
            inside = context.wrap_socket(self.connection, server_side=True)
        except ssl.SSLError as error:
            print(self.path, error, flush=True)
            return
        # Closed only when nobody reads or writes any more: the next connection has the same number, and would lose bytes to
        # whoever still reads from this one.
        with inside, socket.create_connection((target[0], int(target[1]))) as outside:
            back = threading.Thread(target=pump, args=(outside, inside), daemon=True)
            back.start()
            pump(inside, outside)
            back.join()

    def forward(self):
        if not self.is_known():
            return
        url = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {k: v for k, v in self.headers.items() if not k.lower().startswith("proxy-")}
        connection = http.client.HTTPConnection(url.hostname, url.port or 80)
        connection.request(self.command, url.path + (f"?{url.query}" if url.query else ""), body, headers)
        answer = connection.getresponse()
        data = answer.read()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("content-length", "connection", "transfer-encoding"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PUT = forward

    def log_message(self, format, *args):
        print(self.command, self.path, args[1] if len(args) > 1 else "", flush=True)


ThreadingHTTPServer(("0.0.0.0", port), Handler).serve_forever()
