"""A real SQS endpoint on loopback, with the queue that Amazon writes its notifications to."""

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

AMAZON_ACCOUNT = "437568002678"  # the principal that Amazon's notifications come from
ACCESS_KEY, SECRET_KEY = "rehearsal", "rehearsal"
AWS_REGION = "us-east-1"
NAME = "crossdock-orders"
_MOST = 10  # messages that SQS takes in one call


@dataclass(frozen=True, slots=True)
class Address:
    """Where a queue is and how to sign in."""

    endpoint: str
    url: str
    arn: str
    region: str = AWS_REGION
    access_key: str = ACCESS_KEY
    secret_key: str = SECRET_KEY


class Queue:
    """Moto's server in a thread, one queue, and a sender."""

    def __init__(self, port: int = 0) -> None:
        # Loaded late: worlds that replay in memory need neither, and both are slow to load.
        server, boto3 = import_module("moto.server"), import_module("boto3")
        logging.getLogger("werkzeug").setLevel(logging.ERROR)  # it logs every request
        self._server: Any = server.ThreadedMotoServer("127.0.0.1", port, verbose=False)
        self._server.start()
        host, taken = self._server.get_host_and_port()
        endpoint = f"http://{host}:{taken}"
        self._sqs: Any = boto3.client(
            "sqs",
            endpoint_url=endpoint,
            region_name=AWS_REGION,
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
        )
        url = self._sqs.create_queue(QueueName=NAME)["QueueUrl"]
        wanted = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        arn = wanted["Attributes"]["QueueArn"]
        self._sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy(arn)})
        self.address = Address(endpoint, url, arn)

    def send(self, messages: Sequence[tuple[str, str]]) -> None:
        """Put (queue ARN, body) pairs into their queues, in order.

        An EventBridge event source stands for a rule that forwards to our queue.
        """
        waiting: dict[str, list[str]] = {}
        for target, body in messages:
            waiting.setdefault(self._url(target), []).append(body)
        for url, bodies in waiting.items():
            for start in range(0, len(bodies), _MOST):
                some = bodies[start : start + _MOST]
                entries = [{"Id": str(i), "MessageBody": body} for i, body in enumerate(some)]
                self._sqs.send_message_batch(QueueUrl=url, Entries=entries)

    def stop(self) -> None:
        """Close the endpoint."""
        self._sqs.close()
        self._server.stop()

    def _url(self, target: str) -> str:
        if not target.startswith("arn:aws:sqs:") or target == self.address.arn:
            return self.address.url
        name = target.rpartition(":")[2]
        url: str = self._sqs.get_queue_url(QueueName=name)["QueueUrl"]
        return url


def policy(arn: str) -> str:
    """The queue policy that Amazon asks for."""
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"AWS": AMAZON_ACCOUNT},
                    "Action": ["SQS:SendMessage", "SQS:GetQueueAttributes"],
                    "Resource": arn,
                }
            ],
        }
    )
