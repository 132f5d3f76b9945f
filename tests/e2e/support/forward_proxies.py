# SPDX-License-Identifier: Apache-2.0
"""Real forward proxies, as they stand between a company's machines and the world."""
import os
import pwd
import re
import shutil
import tempfile
import time

from .ports import PortServer, find_program
from .process import tool

SQUID_AUTH = "/usr/lib/squid/basic_ncsa_auth"


class ForwardProxy(PortServer):
    """What is common: an address, and a log of what went through."""

    @property
    def url(self):
        return f"http://{self.listens_on}:{self.port}"

    def url_of(self, user, password):
        return f"http://{user}:{password}@{self.listens_on}:{self.port}"

    def seen(self):
        """(method, target) of each request that the log holds, once it is quiet."""
        size = -1
        while size != os.path.getsize(self.log_path):
            size = os.path.getsize(self.log_path)
            time.sleep(0.1)
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return re.findall(r"\b(CONNECT|GET|HEAD|POST) (\S+:\S+)", file.read())


class Tinyproxy(ForwardProxy):
    """Lets everybody through, or one user."""

    def __init__(self, folder, user="", password=""):
        super().__init__("tinyproxy", folder)
        self._basic = f"BasicAuth {user} {password}\n" if user else ""
        self.log_path = self.path("tinyproxy.log")
        with open(self.log_path, "ab"):
            pass

    def argv(self):
        config = self.write("tinyproxy.conf", f"Port {self.port}\nListen {self.listens_on}\nTimeout 60\nLogFile \"{self.log_path}\"\n"
                            f"LogLevel Connect\nMaxClients 50\nAllow 127.0.0.1\n{self._basic}")
        return [find_program("tinyproxy"), "-d", "-c", config]


class Squid(ForwardProxy):
    """Asks for a user name and a password (Basic)."""

    def __init__(self, user, password):
        folder = tempfile.mkdtemp(prefix="landwaiter-e2e-squid-")  # its own, since squid gives up root for a user of its own
        super().__init__("squid", folder)
        self._user, self._password = user, password
        self.log_path = self.path("access.log")

    def argv(self):
        entry = tool(["htpasswd", "-nim", self._user], self.folder, self._password.encode()).decode().strip()
        passwords = self.write("passwords", entry + "\n")
        config = self.write("squid.conf", f"""
http_port {self.listens_on}:{self.port}
pid_filename none
cache_log {self.path("cache.log")}
access_log stdio:{self.log_path}
netdb_filename none
coredump_dir {self.folder}
cache deny all
shutdown_lifetime 0 seconds
visible_hostname squid.e2e
auth_param basic program {SQUID_AUTH} {passwords}
auth_param basic children 1 startup=1
auth_param basic realm e2e
acl known proxy_auth REQUIRED
http_access allow known
http_access deny all
""")
        with open(self.log_path, "ab"):
            pass
        if os.geteuid() == 0:
            user = pwd.getpwnam("proxy")
            for path in (self.folder, *(self.path(name) for name in os.listdir(self.folder))):
                os.chown(path, user.pw_uid, user.pw_gid)
        return [find_program("squid"), "-N", "-f", config]

    def kill(self):
        super().kill()
        shutil.rmtree(self.folder, ignore_errors=True)
