"""A real S3-compatible server on a free port of this machine; where it is told to, it checks signatures and rights."""

import importlib.util
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import requests

from components import absent
from components.ports import free_port

ANYONE = {"AWS_ACCESS_KEY_ID": "anyone", "AWS_SECRET_ACCESS_KEY": "anything"}


@dataclass(frozen=True)
class Store:
    """A server that runs."""

    url: str

    def bucket(self, name: str) -> None:
        """Make a bucket."""
        _client(self.url, "s3").create_bucket(Bucket=name)

    def put(self, bucket: str, key: str, body: bytes, *, open_to_all: bool = False) -> None:
        """Store an object."""
        acl = "public-read" if open_to_all else "private"
        _client(self.url, "s3").put_object(Bucket=bucket, Key=key, Body=body, ACL=acl)

    def reader(self, bucket: str) -> Mapping[str, str]:
        """The keys of a new user who may read one bucket, as an environment holds them. From then on rights are checked."""
        iam = _client(self.url, "iam")
        iam.create_user(UserName="reader")
        rights = [
            {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": f"arn:aws:s3:::{bucket}/*"},
            {"Effect": "Allow", "Action": ["s3:ListBucket"], "Resource": f"arn:aws:s3:::{bucket}"},
        ]
        policy = json.dumps({"Version": "2012-10-17", "Statement": rights})
        iam.put_user_policy(UserName="reader", PolicyName="read", PolicyDocument=policy)
        made = iam.create_access_key(UserName="reader")["AccessKey"]
        assert requests.post(f"{self.url}/moto-api/reset-auth", data="0", timeout=10).ok
        return {"AWS_ACCESS_KEY_ID": made["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": made["SecretAccessKey"]}


@cache
def _client(url: str, service: str) -> Any:
    import boto3

    return boto3.client(
        service,
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id=ANYONE["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=ANYONE["AWS_SECRET_ACCESS_KEY"],
    )


@contextmanager
def serving() -> Iterator[Store]:
    """An empty store, which takes any keys until ``reader`` is called."""
    if importlib.util.find_spec("moto") is None:
        absent("moto", "pip install 'moto[s3]' flask flask-cors")
    port = free_port()
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        url = f"http://127.0.0.1:{port}"
        _wait(url, server)
        yield Store(url)
    finally:
        server.terminate()
        server.wait(20)


def _wait(url: str, server: "subprocess.Popen[bytes]") -> None:
    for _ in range(300):
        assert server.poll() is None, "the S3 server ended at its start"
        try:
            if requests.get(f"{url}/moto-api/data.json", timeout=5).status_code == 200:
                return
        except requests.ConnectionError:
            pass
        time.sleep(0.1)
    raise AssertionError("the S3 server was not ready within 30 s")
