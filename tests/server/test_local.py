import stat
from concurrent.futures import ThreadPoolExecutor

from server.config import Settings
from server.local import kept_text, local_environment


def test_a_data_folder_makes_its_secret_once_and_for_nobody_else_to_read(tmp_path):
    folder = tmp_path / "data"
    first = local_environment({"DATA_DIR": str(folder)})
    assert Settings.from_environment(first).secret_key == first["SECRET_KEY"]
    for name in ("secret", "ledger-key"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert local_environment({"DATA_DIR": str(folder)}) == first


def test_two_data_folders_have_two_secrets(tmp_path):
    secrets = {local_environment({"DATA_DIR": str(tmp_path / name)})["SECRET_KEY"] for name in "ab"}
    assert len(secrets) == 2


def test_a_secret_of_the_environment_is_not_written_down(tmp_path):
    given = {"DATA_DIR": str(tmp_path), "SECRET_KEY": "s" * 32, "LEDGER_KEY": "k"}
    complete = local_environment(given)
    assert (complete["SECRET_KEY"], complete["LEDGER_KEY"]) == ("s" * 32, "k")
    assert list(tmp_path.iterdir()) == []


def test_citizens_reach_the_pages_where_the_server_listens_unless_stated_otherwise(tmp_path):
    here = {"DATA_DIR": str(tmp_path), "HOST": "10.0.0.7", "PORT": "81"}
    assert local_environment(here)["PUBLIC_URL"] == "http://10.0.0.7:81"
    stated = {**here, "PUBLIC_URL": "https://xf.example.cn"}
    assert local_environment(stated)["PUBLIC_URL"] == "https://xf.example.cn"


def test_of_many_who_propose_at_once_all_get_the_same_text(tmp_path):
    file = tmp_path / "secret"
    with ThreadPoolExecutor(8) as pool:
        texts = set(pool.map(lambda n: kept_text(file, f"proposal {n}"), range(50)))
    assert len(texts) == 1
    assert [found.name for found in tmp_path.iterdir()] == ["secret"]
