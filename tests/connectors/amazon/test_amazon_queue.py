"""Reading notifications from a real SQS."""

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from moto.server import ThreadedMotoServer

from crossdock.connectors.amazon.events import SqsQueue, Unreadable
from crossdock.kernel.errors import Misuse, NeedsPerson, RunError, TryAgain

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def sqs_address() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def sqs(sqs_address: str) -> Any:
    return boto3.client(
        "sqs", region_name="us-east-1", endpoint_url=sqs_address,
        aws_access_key_id="x", aws_secret_access_key="x",
        config=Config(retries={"max_attempts": 0}, connect_timeout=2, read_timeout=10),
    )  # fmt: skip


@pytest.fixture
def queue(sqs: Any, sqs_address: str, request: pytest.FixtureRequest) -> SqsQueue:
    name = f"q{abs(hash(request.node.name))}"
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    return SqsQueue(
        url, region="us-east-1", endpoint=sqs_address, wait_seconds=1, client=lambda: sqs
    )


def test_messages_stay_in_the_queue_until_they_are_deleted(queue: SqsQueue, sqs: Any) -> None:
    for n in range(3):
        sqs.send_message(QueueUrl=queue.url, MessageBody=f"not json {n}")
    messages = queue.receive()
    assert len(messages) == 3
    assert all(isinstance(message.content, Unreadable) for message in messages)
    assert {message.body for message in messages} == {"not json 0", "not json 1", "not json 2"}
    assert _counted(sqs, queue) == 3
    queue.delete([message.receipt for message in messages])
    assert _counted(sqs, queue) == 0


def test_more_than_ten_are_deleted_in_batches(queue: SqsQueue, sqs: Any) -> None:
    for n in range(14):
        sqs.send_message(QueueUrl=queue.url, MessageBody=str(n))
    receipts = [m.receipt for m in queue.receive()] + [m.receipt for m in queue.receive()]
    assert len(receipts) == 14
    queue.delete(receipts)
    assert _counted(sqs, queue) == 0


def test_an_empty_queue_gives_nothing(queue: SqsQueue) -> None:
    assert queue.receive() == []


def test_a_queue_knows_its_arn(queue: SqsQueue) -> None:
    assert queue.arn().startswith("arn:aws:sqs:us-east-1:")


def test_a_queue_that_is_not_there_is_for_a_person(sqs: Any, sqs_address: str) -> None:
    queue = SqsQueue(f"{sqs_address}/000000000000/nowhere", region="us-east-1", client=lambda: sqs)
    with pytest.raises(NeedsPerson, match="nowhere") as caught:
        queue.receive()
    assert caught.value.kind == "queue-refused"
    assert "Create the queue" in caught.value.remedy


def test_a_queue_that_cannot_be_reached_is_tried_again() -> None:
    dead = boto3.client(
        "sqs", region_name="us-east-1", endpoint_url="http://127.0.0.1:1",
        aws_access_key_id="x", aws_secret_access_key="x",
        config=Config(retries={"max_attempts": 0}, connect_timeout=1),
    )  # fmt: skip
    queue = SqsQueue("http://127.0.0.1:1/0/q", region="us-east-1", client=lambda: dead)
    with pytest.raises(TryAgain, match="cannot be reached"):
        queue.receive()


def test_missing_credentials_are_for_a_person(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    queue = SqsQueue("http://127.0.0.1:1/0/q", region="us-east-1", endpoint="http://127.0.0.1:1")
    with pytest.raises(RunError) as caught:
        queue.receive()
    assert isinstance(caught.value, NeedsPerson)
    assert "AWS credentials" in caught.value.remedy


def test_a_queue_outside_this_machine_needs_tls() -> None:
    with pytest.raises(Misuse, match="https"):
        SqsQueue("http://sqs.example.com/1/q", region="us-east-1")
    with pytest.raises(Misuse, match="https"):
        SqsQueue("https://sqs.example.com/1/q", region="x", endpoint="http://sqs.example.com")


def test_boto_is_loaded_only_by_those_who_use_a_queue() -> None:
    code = (
        "import sys; from crossdock.connectors.amazon import events, operations, account; "
        "events.SqsQueue('https://sqs.example.com/1/q', region='us-east-1'); "
        "sys.exit('boto3' in sys.modules or 'botocore' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def _counted(sqs: Any, queue: SqsQueue) -> int:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    answer = sqs.get_queue_attributes(QueueUrl=queue.url, AttributeNames=names)
    return sum(int(answer["Attributes"][name]) for name in names)
