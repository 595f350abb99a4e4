"""Azurite takes tokens over TLS alone, from an authority of its own: in front of it, a server that
wants a token for storage and then signs for its client."""

import datetime
import http.client

from azure_fakes import STORAGE, Fake, audience_of


class TokenProxy(Fake):
    def __init__(self, store):
        super().__init__()
        from azure.storage.blob import AccountSasPermissions, ResourceTypes, generate_account_sas

        self.store = store
        end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)
        self.signature = generate_account_sas(
            store.account, store.key, ResourceTypes(service=True, container=True, object=True),
            AccountSasPermissions(read=True, list=True), end)
        self.server.RequestHandlerClass = self.handler()

    def handler(self):
        import http.server

        proxy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def forward(self):
                if audience_of(self.headers) != STORAGE:
                    self.send_response(401)
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                joint = "&" if "?" in self.path else "?"
                upstream = http.client.HTTPConnection("127.0.0.1", proxy.store.port, timeout=20)
                headers = {name: value for name, value in self.headers.items()
                           if name.lower() not in ("authorization", "host")}
                upstream.request(self.command, self.path + joint + proxy.signature, headers=headers)
                reply = upstream.getresponse()
                content = reply.read()
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    if name.lower() not in ("transfer-encoding", "connection", "content-length"):
                        self.send_header(name, value)
                size = reply.headers.get("Content-Length") if self.command == "HEAD" else None
                self.send_header("Content-Length", size or str(len(content)))
                self.end_headers()
                self.wfile.write(content)
                upstream.close()

            do_GET = do_HEAD = forward

            def log_message(self, *_):
                pass

        return Handler
