# SPDX-License-Identifier: Apache-2.0
"""Debian's nginx before a registry: the usual place where TLS ends."""
from .ports import PortServer, find_program
from .process import tool

_CONFIG = """
daemon off;
master_process off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 256; }}
http {{
  access_log {folder}/access.log;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{
    listen {address}:{port} ssl;
    ssl_certificate {certificate};
    ssl_certificate_key {key};
    {client_ca}
    location / {{
      proxy_pass http://127.0.0.1:{upstream};
      proxy_set_header Host {host};
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Forwarded-For $remote_addr;
    }}
  }}
}}
"""


class Nginx(PortServer):
    """TLS outside, plain HTTP to a registry. `host` is what the registry sees as Host: "$host" lacks the port."""

    def __init__(self, folder, upstream_port, tls, name, address, host="$http_host", client_ca=None):
        super().__init__("nginx", folder, address)
        self._upstream, self._tls, self._host, self._client_ca = upstream_port, tls, host, client_ca
        self.name = name
        tool([find_program("nginx"), "-v"], folder)

    @property
    def address(self):
        return f"{self.name}:{self.port}"

    def argv(self):
        client_ca = f"ssl_client_certificate {self._client_ca}; ssl_verify_client on;" if self._client_ca else ""
        config = self.write("nginx.conf", _CONFIG.format(
            folder=self.folder, address=self.listens_on, port=self.port, certificate=self._tls[0], key=self._tls[1],
            upstream=self._upstream, host=self._host, client_ca=client_ca))
        return [find_program("nginx"), "-e", "stderr", "-p", self.folder, "-c", config]

    def log(self):
        with open(self.path("access.log"), encoding="utf-8") as file:
            return file.read().splitlines()
