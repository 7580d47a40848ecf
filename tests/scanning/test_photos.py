"""Photos on the real server, from a bucket on a real S3 server: none is exchanged, and no fault is a lie."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bucket import KEY_ID, SECRET, Bucket, running_bucket
from tests.running import Reply, Server, liangzheng, serving, succeed
from verifier.issuing.samples.portraits import draw

NUMBER = "31000099555"


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    with running_bucket() as running:
        yield running


def environment(bucket: Bucket) -> dict[str, str]:
    return {"LIANGZHENG_PHOTO_STORE": bucket.url, **bucket.environment}


def issue(data_dir: Path, folder: Path, bucket: Bucket) -> str:
    """Issue a certificate with a photo by the command, and give the digits of its code."""
    picture = folder / "portrait.png"
    picture.write_bytes(draw(NUMBER))
    facts = ("--holder", "郝友轮", "--agency", "某局", "--category", "应急管理", "--area", "全疆")
    succeed(
        data_dir,
        "issue",
        NUMBER,
        "--issuer",
        "650000",
        *facts,
        "--photo",
        str(picture),
        **environment(bucket),
    )
    return succeed(data_dir, "code", NUMBER, "--text").strip().rsplit("/", 1)[1]


def assert_out_of_reach(reply: Reply) -> None:
    assert (reply.status, reply.headers["content-type"]) == (503, "application/problem+json")
    assert reply.headers["retry-after"] == "2"
    assert reply.json["detail"] == "Photos cannot be had right now."


def test_a_photo_is_served_from_the_bucket_until_it_is_exchanged_or_the_bucket_gone(
    data_dir: Path, tmp_path: Path, bucket: Bucket
) -> None:
    digits = issue(data_dir, tmp_path, bucket)
    with serving(data_dir, workers=1, **environment(bucket)) as server:
        shown: str = server.get(f"/{digits}").json["certificate"]["photo"]
        key = f"portraits/{shown.rsplit('/', 1)[1]}.jpg"
        photo, content_type = bucket.get(key)
        reply = server.get(shown)
        assert (reply.status, reply.headers["content-type"], reply.body) == (200, content_type, photo)
        assert reply.headers["cache-control"] == "private, max-age=86400, immutable"
        assert not (data_dir / "photos" / key.rsplit("/", 1)[1]).exists()
        assert server.get(f"/photos/{'0' * 24}").status == 404

        bucket.put(key, photo[:-1] + b"\x00")
        assert (server.get(shown).status, server.get(shown).json["detail"]) == (
            404,
            "There is no such photo.",
        )

        with bucket.hanging():
            assert_out_of_reach(server.get(shown))
            assert server.get(f"/{digits}").json["verdict"] == "valid"
        bucket.put(key, photo)
        assert server.get(shown).body == photo

        bucket.end()
        assert_out_of_reach(server.get(shown))
        assert server.get("/health/ready").status == 200
    assert "the photo bucket cannot be reached" in server.errors
    assert "Traceback" not in server.errors
    assert KEY_ID not in server.errors
    assert SECRET not in server.errors


def test_a_directory_that_fails_is_503_and_no_missing_photo(data_dir: Path, server: Server) -> None:
    photo = next((data_dir / "photos").iterdir()).stem
    assert server.get(f"/photos/{photo}").status == 200
    (data_dir / "file").write_bytes(b"")
    with serving(data_dir, LIANGZHENG_PHOTO_STORE=str(data_dir / "file")) as failing:
        assert_out_of_reach(failing.get(f"/photos/{photo}"))


def test_a_certificate_is_not_issued_without_the_photo_that_it_names(
    data_dir: Path, tmp_path: Path, bucket: Bucket
) -> None:
    bucket.end()
    (tmp_path / "portrait.png").write_bytes(draw(NUMBER))
    facts = ("--issuer", "650000", "--holder", "郝友轮", "--agency", "某局", "--category", "应急管理")
    done = liangzheng(
        data_dir, "issue", NUMBER, *facts, "--area", "全疆", "--photo", str(tmp_path / "portrait.png"),
        **environment(bucket),
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("liangzheng: the photo bucket cannot be reached")
    assert liangzheng(data_dir, "show", NUMBER).returncode == 1


@pytest.mark.parametrize("location", ["https://bucket.example", f"s3://{KEY_ID}:{SECRET}@photos"])
def test_a_store_that_is_none_stops_the_start_in_one_line(data_dir: Path, location: str) -> None:
    done = liangzheng(data_dir, "serve", "scan", LIANGZHENG_PHOTO_STORE=location)
    assert done.returncode == 1
    assert done.stderr.startswith("liangzheng: LIANGZHENG_PHOTO_STORE: ")
    assert done.stderr.count("\n") == 1
    assert location not in done.stderr
