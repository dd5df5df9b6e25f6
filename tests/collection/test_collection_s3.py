"""A collection in an object store: moto's server on this machine stands in for S3.

moto is in no extra, for it brings forty packages: ``pip install moto flask flask-cors xmltodict``.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from collection_inputs import encoding, videos
from toy import SMALL

from prvr_lite.collection.database import CollectionError, MissingError
from prvr_lite.collection.video_collection import VideoCollection
from prvr_lite.data.dataset import Dataset
from prvr_lite.model.registry import build_model

pytest.importorskip("lancedb")
server = pytest.importorskip("moto.server", reason="moto stands in for S3: install it to try")


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    import boto3

    stand_in = server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    stand_in.start()
    endpoint = "http://127.0.0.1:{1}".format(*stand_in.get_host_and_port())
    for name, value in {
        "AWS_ACCESS_KEY_ID": "nobody",
        "AWS_SECRET_ACCESS_KEY": "nothing",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT": endpoint,
        "AWS_ALLOW_HTTP": "true",
        "NO_PROXY": "127.0.0.1",
    }.items():
        monkeypatch.setenv(name, value)
    boto3.client("s3", endpoint_url=endpoint).create_bucket(Bucket="films")
    yield "s3://films/collection"
    stand_in.stop()


def test_the_life_of_a_collection(bucket: str, toy: Dataset) -> None:
    """Every step of it, as in a folder; two writers of the same ids among them."""
    with pytest.raises(MissingError, match=f"{bucket}: there is no such collection"):
        VideoCollection.open(bucket)
    model = build_model("mssl++", SMALL)
    assert VideoCollection.build(bucket, model, toy, "train", rank=1, size=2) == {0: 6}
    with pytest.raises(CollectionError, match="half built"):
        VideoCollection.open(bucket)
    assert VideoCollection.build(bucket, model, toy, "train", rank=0, size=2) == {}
    films = VideoCollection.open(bucket)
    films.append(videos([f"new {v}" for v in range(300)]))
    films.build_candidates()
    films.append(toy, "test")
    films.delete(["film3", "new 7"])
    films.optimise()
    assert (len(films), films.check(), films.unindexed) == (316, 316, 0)
    query = encoding(300).clips[9, 1]
    for how in ({}, {"candidates": 30}):
        assert films.search(query, 1, alpha=1.0, **how)[0].video_id == "new 9"

    def add(seed: int) -> int:
        rows = videos([f"both {v}" for v in range(50)], seed=seed)
        return VideoCollection.open(bucket).append(rows, skip=True)

    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(add, range(2))) == 50
    assert films.check() == 366
    assert len(films.rank(torch.ones(1, 12), 400)[0]) == 366
