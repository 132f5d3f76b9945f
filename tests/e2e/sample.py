# SPDX-License-Identifier: Apache-2.0
"""One image with certificates and keys of several kinds in several layers, and what a scan of it must say."""
import io
import os
import zipfile

from support import images, pki


def zip_of(files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, (2024, 2, 29, 12, 0, 0)), content)
    return out.getvalue()


class Sample:
    """`places` maps (type, path, entries in archives...) to the id, as openssl computes it;
    `hidden` the paths to the layer that hides them."""

    def __init__(self, folder):
        make = pki.Pki(folder)
        self.pki = make
        self.server_key = make.rsa()
        server = make.certificate(self.server_key, "/CN=www.example.test/O=Example",
                                  "-addext", "subjectAltName=DNS:www.example.test,DNS:example.test")
        authority = make.certificate(make.key(), "/CN=Example Root")
        inner = make.certificate(make.key("-algorithm", "ED25519"), "/CN=inner.example.test")
        self.keys = {
            "etc/ssl/private/server.key": self.server_key,
            "opt/ec-sec1.key": make.openssl("ec", stdin=make.key()),
            "opt/rsa-pkcs1.key": make.openssl("rsa", "-traditional", stdin=make.rsa()),
            "opt/ed25519.key": make.key("-algorithm", "ED25519"),
            "etc/old/removed.key": make.key(),
            "etc/old/replaced.key": make.key(),
            "srv/secrets/opaque.key": make.key(),
            "var/kept.key": make.key(),
        }
        war = zip_of({"META-INF/MANIFEST.MF": b"Manifest-Version: 1.0\n",
                      "WEB-INF/lib/inner.jar": zip_of({"META-INF/MANIFEST.MF": b"Manifest-Version: 1.0\n", "certs/inner.pem": inner})})
        base = {"etc/ssl/certs/server.pem": server, "opt/root.der": make.der(authority), "srv/app/app.war": war,
                "etc/hosts": b"127.0.0.1 localhost\n"}
        base.update({path: key for path, key in self.keys.items() if path != "var/kept.key"})
        self.base = images.layer(base)
        self.second = images.layer({"etc/old/.wh.removed.key": b"", "usr/share/copy.pem": b"# a copy\n" + server,
                                    "var/kept.key": self.keys["var/kept.key"]})
        self.third = images.plain_layer({"etc/old/replaced.key": b"nothing here\n", "srv/secrets/": b"", "srv/secrets/.wh..wh..opq": b""})
        self.image = images.Image([self.base, self.second, self.third])
        self.hidden = {"etc/old/removed.key": self.second, "etc/old/replaced.key": self.third, "srv/secrets/opaque.key": self.third}
        self.places = {
            ("certificate", "etc/ssl/certs/server.pem"): make.certificate_id(server),
            ("certificate", "usr/share/copy.pem"): make.certificate_id(server),
            ("certificate", "opt/root.der"): make.certificate_id(authority),
            ("certificate", "srv/app/app.war", "WEB-INF/lib/inner.jar", "certs/inner.pem"): make.certificate_id(inner),
            **{("private-key", path): make.key_id(key) for path, key in self.keys.items()},
        }

    def layer_of(self, path):
        return self.second if path in ("usr/share/copy.pem", "var/kept.key") else self.base

    def layout(self, folder):
        return images.write_layout(os.path.join(folder, "layout"), {"v1": self.image})
