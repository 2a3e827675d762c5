"""The embedded servers: as root and not, again and again, leaving nothing."""

import os
from collections.abc import Callable
from pathlib import Path

import psycopg2
import pytest
from _pytest.mark import ParameterSet

from operations.embedded import (
    Identity,
    Postgres,
    Valkey,
    dropped_identity,
    running,
    unprivileged_identity,
)

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")


Way = Callable[[], Identity]


def _ways() -> list[ParameterSet]:
    return [
        pytest.param(unprivileged_identity, id="as we are"),
        pytest.param(dropped_identity, id="namespaces refused", marks=as_root),
    ]


@pytest.mark.parametrize("way", _ways())
def test_a_cluster_starts_answers_and_starts_again_with_its_content(
    tmp_path: Path, way: Way
) -> None:
    identity = way()

    for _ in range(2):
        postgres = Postgres(tmp_path / "pg", durable=False, identity=identity)
        with running(postgres, tmp_path / "pg.log"):
            postgres.ensure_database("interview")
            with psycopg2.connect(postgres.url("interview")) as connection:
                cursor = connection.cursor()
                cursor.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
                cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
                cursor.execute("SELECT cardinality(show_trgm('张三丰'))")
                assert cursor.fetchone() == (4,)
            connection.close()
        assert not postgres.answers()


@as_root
def test_a_cluster_made_in_a_namespace_is_handed_over_where_namespaces_are_refused(
    tmp_path: Path,
) -> None:
    with running(Postgres(tmp_path / "pg", durable=False), tmp_path / "pg.log"):
        pass

    dropped = Postgres(tmp_path / "pg", durable=False, identity=dropped_identity())
    with running(dropped, tmp_path / "pg.log"):
        assert dropped.answers()


@pytest.mark.parametrize("way", _ways())
def test_only_the_own_folder_is_written_and_parents_keep_their_permissions(
    tmp_path: Path, way: Way
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    parent = outside / "closed"
    parent.mkdir(mode=0o700)
    postgres = Postgres(parent / "run" / "pg", durable=False, identity=way())

    with running(postgres, parent / "run" / "pg.log"):
        assert parent.stat().st_mode & 0o777 == 0o700
        assert (parent / "run" / "pg").stat().st_mode & 0o777 == 0o700

    assert [path.name for path in outside.iterdir()] == ["closed"]


def test_a_stranger_without_the_password_gets_in_nowhere(tmp_path: Path) -> None:
    postgres, valkey = Postgres(tmp_path / "pg", durable=False), Valkey(tmp_path / "valkey")

    with running(postgres, tmp_path / "pg.log"), running(valkey, tmp_path / "valkey.log"):
        with pytest.raises(psycopg2.OperationalError, match="no password supplied"):
            psycopg2.connect(f"postgres://postgres@127.0.0.1:{postgres.port}/postgres")
        wrong = Valkey(tmp_path / "other")
        wrong.prepare()
        wrong.port = valkey.port
        assert valkey.answers()
        assert not wrong.answers()


def test_a_lock_left_by_a_dead_server_does_not_keep_the_cluster_from_starting(
    tmp_path: Path,
) -> None:
    postgres = Postgres(tmp_path / "pg", durable=False)
    postgres.prepare()
    (postgres.folder / "postmaster.pid").write_text(f"{os.getpid()}\n{postgres.folder}\n")

    with running(postgres, tmp_path / "pg.log"):
        assert postgres.answers()
