# SPDX-License-Identifier: Apache-2.0
"""What is in an image of deploy/image/build, without a container's daemon."""
import json
import tarfile


def unpack(archive, into):
    """The image's files below `into`, and its configuration."""
    with tarfile.open(archive) as tar:
        blob = lambda digest: tar.extractfile("./blobs/" + digest.replace(":", "/"))
        index = json.load(tar.extractfile("./index.json"))
        manifest = json.load(blob(index["manifests"][0]["digest"]))
        for layer in manifest["layers"]:
            with tarfile.open(fileobj=blob(layer["digest"]), mode="r:*") as files:
                files.extractall(into)
        return json.load(blob(manifest["config"]["digest"]))
