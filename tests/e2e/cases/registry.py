"""A registry with one image, tiny:1, for an engine on this machine to pull: python3 registry.py"""

import gzip
import hashlib
import io
import json
import tarfile
from http.server import BaseHTTPRequestHandler, HTTPServer

MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
blobs = {}


def blob(data, media_type):
    digest = "sha256:" + hashlib.sha256(data).hexdigest()
    blobs[digest] = data
    return {"mediaType": media_type, "size": len(data), "digest": digest}


files = io.BytesIO()
with tarfile.open(fileobj=files, mode="w") as tar:
    entry = tarfile.TarInfo("hello")
    entry.size = 5
    tar.addfile(entry, io.BytesIO(b"hello"))
plain = files.getvalue()
layer = blob(gzip.compress(plain), "application/vnd.docker.image.rootfs.diff.tar.gzip")
config = {
    "architecture": "amd64",
    "os": "linux",
    "config": {},
    "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(plain).hexdigest()]},
}
config = blob(json.dumps(config).encode(), "application/vnd.docker.container.image.v1+json")
manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer]}
top = blob(json.dumps(manifest).encode(), MANIFEST)["digest"]


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        name = self.path.rpartition("/")[2]
        if self.path == "/v2/":
            self.answer(b"{}", "application/json")
        elif self.path.startswith("/v2/tiny/manifests/"):
            self.answer(blobs[top], MANIFEST)
        elif name in blobs:
            self.answer(blobs[name], "application/octet-stream")
        else:
            self.send_error(404)

    do_HEAD = do_GET

    def answer(self, data, media_type):
        self.send_response(200)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Docker-Content-Digest", top)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(data)


HTTPServer(("127.0.0.1", 5000), Handler).serve_forever()
