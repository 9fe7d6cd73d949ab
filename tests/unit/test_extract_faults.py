"""`csw extract` survives faults of a network and of itself, loses nothing and keeps the key to itself."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from orchestration.core.errors import LockedError, SettingsError
from orchestration.core.lock import hold_lock
from orchestration.core.settings import PROJECT_DIR, load_settings
from orchestration.extract.errors import ExtractError
from orchestration.extract.extractor import extract
from tests.unit.extracting import Home, numbered
from tests.unit.vendor_api import KEY, Answer, HubSpot, Stripe, Typeform, serving


@pytest.fixture
def vendor() -> Stripe:
    vendor = Stripe()
    vendor.objects = {"customers": numbered("cus_", range(6)), "products": numbered("prod_", range(1))}
    return vendor


@pytest.fixture
def home(tmp_path: Path, vendor: Stripe) -> Home:
    return Home(tmp_path, vendor)


def assert_no_key_in(folder: Path) -> None:
    for path in folder.rglob("*"):
        assert KEY not in path.name
        assert path.is_dir() or KEY.encode() not in path.read_bytes()


def test_a_busy_or_broken_system_is_asked_again(home: Home, vendor: Stripe) -> None:
    vendor.faults = [Answer({}, 500), Answer({}, 503)]
    home.extract("customers")
    assert len(home.ids("customers")) == 6
    assert len(vendor.requests) == 5


def test_the_wait_that_a_system_asks_for_is_kept(home: Home, vendor: Stripe) -> None:
    vendor.faults = [Answer({}, 429, {"Retry-After": "1"})]
    started = time.monotonic()
    home.extract("products")
    assert time.monotonic() - started >= 1
    assert home.ids("products") == ["prod_0"]


def test_a_very_long_wait_is_told_at_once(home: Home, vendor: Stripe) -> None:
    vendor.faults = [Answer({}, 429, {"Retry-After": "7200"})]
    with pytest.raises(ExtractError, match=r"asks to wait 7200 seconds.*continues where it stopped"):
        home.extract("products")
    assert len(vendor.requests) == 1


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (
            Answer({"error": {"message": f"boom {KEY}"}}, 500),
            r"Stripe fails after 3 attempts \(500\): boom \*\*\*\.",
        ),
        (Answer({}, 429), r"Stripe still asks to slow down after 3 attempts \(429\)\."),
        (
            Answer({"data": [], "has_more": False}, missing=9),
            "Stripe's answer for /v1/customers is incomplete",
        ),
        (Answer("<html>login</html>"), "Stripe's answer for /v1/customers is incomplete or not JSON"),
        (Answer({"data": [{"id": "a"}]}), "Stripe's answer for /v1/customers has an unknown form"),
        (Answer({"items": []}), "Stripe's answer for /v1/customers has an unknown form"),
    ],
)
def test_a_system_that_stays_broken_is_explained(
    home: Home, vendor: Stripe, answer: Answer, words: str
) -> None:
    vendor.faults_at["/v1/customers"] = answer
    with pytest.raises(ExtractError, match=words) as caught:
        home.extract("customers")
    assert KEY not in str(caught.value)
    assert home.files("customers") == []


def test_an_answer_that_is_cut_is_asked_for_again(home: Home, vendor: Stripe) -> None:
    vendor.faults = [Answer({"data": numbered("cus_", range(2)), "has_more": True}, missing=20)]
    home.extract("customers")
    assert home.ids("customers") == [f"cus_{number}" for number in range(6)]


def expire_at(vendor: Stripe, request: int) -> None:
    """Refuse the key from one request on, for this request only."""

    def expire() -> None:
        if len(vendor.requests) == request:
            vendor.faults.append(Answer({}, 401))

    vendor.before = expire


def test_a_key_that_expires_is_told_at_once(home: Home, vendor: Stripe) -> None:
    expire_at(vendor, 6)
    with pytest.raises(ExtractError, match=r"does not accept the key in CSW_STRIPE_KEY \(401\).*continues"):
        home.extract()
    assert vendor.requests[-1][1]["starting_after"] == ["cus_1"]
    assert len(vendor.requests) == 6, "there is no further attempt"
    assert (home.ids("products"), home.files("customers")) == (["prod_0"], [])


def test_an_interrupted_list_continues_at_its_next_page(home: Home, vendor: Stripe) -> None:
    expire_at(vendor, 3)
    with pytest.raises(ExtractError):
        home.extract("customers")
    vendor.requests.clear()
    vendor.before = lambda: None
    home.extract("customers")
    assert [query["starting_after"] for query in vendor.asked("/v1/customers")] == [["cus_3"]]
    assert home.ids("customers") == [f"cus_{number}" for number in range(6)]


def test_a_list_begins_again_if_the_record_before_its_next_page_was_deleted(
    home: Home, vendor: Stripe
) -> None:
    expire_at(vendor, 3)
    with pytest.raises(ExtractError):
        home.extract("customers")
    vendor.before = lambda: None
    del vendor.objects["customers"][3]
    home.extract("customers")
    assert home.ids("customers") == [f"cus_{number}" for number in range(6)]


def test_a_lost_unfinished_file_is_read_again(home: Home, vendor: Stripe) -> None:
    expire_at(vendor, 3)
    with pytest.raises(ExtractError):
        home.extract("customers")
    vendor.before = lambda: None
    (home.folder / "extract" / "stripe" / "customers.jsonl").unlink()
    home.extract("customers")
    assert home.ids("customers") == [f"cus_{number}" for number in range(6)]


def test_an_interrupted_full_extract_continues_with_the_same_command(home: Home, vendor: Stripe) -> None:
    home.extract("customers")
    vendor.requests.clear()
    expire_at(vendor, 3)
    with pytest.raises(ExtractError):
        home.extract("customers", full=True)
    vendor.requests.clear()
    [done] = home.extract("customers", full=True)
    assert (done.read, done.written, len(vendor.requests)) == (6, 6, 1)


def test_one_object_without_a_right_does_not_stop_the_others(home: Home, vendor: Stripe) -> None:
    vendor.faults_at["/v1/prices"] = Answer({"error": {"message": "needs rak_plan_read"}}, 403)
    with pytest.raises(ExtractError, match=r"1 object was not extracted.*\nprices: The key .*rak_plan_read"):
        home.extract()
    assert len(home.ids("customers")) == 6


@pytest.mark.parametrize("vendor", [HubSpot(), Typeform()])
def test_a_wrong_key_of_any_system_is_told(tmp_path: Path, vendor: HubSpot | Typeform) -> None:
    home = Home(tmp_path, vendor)
    vendor.faults = [Answer({}, 401)]
    with pytest.raises(ExtractError, match=rf"CSW_{home.system.upper()}_KEY \(401\)"):
        home.extract()


def test_a_killed_extract_continues_and_lands_everything_once(tmp_path: Path, vendor: Stripe) -> None:
    """kill -9 while the third page is awaited."""
    reached, goes_on = threading.Event(), threading.Event()

    def wait() -> None:
        if len(vendor.requests) == 3 and not reached.is_set():
            reached.set()
            goes_on.wait(10)

    vendor.before = wait
    command = [sys.executable, "-m", "orchestration", "extract", "stripe", "--object", "customers"]
    with serving(vendor) as url:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("CSW_")}
        environment = clean | {"CSW_STRIPE_KEY": KEY, "CSW_STRIPE_URL": url, "CSW_HOME": str(tmp_path)}
        process = subprocess.Popen(command, cwd=PROJECT_DIR, env=environment, stderr=subprocess.PIPE)
        assert reached.wait(20)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        goes_on.set()
        assert not (tmp_path / "landing").exists()
        assert_no_key_in(tmp_path)
        # A page may be half written when the process dies.
        with (tmp_path / "extract" / "stripe" / "customers.jsonl").open("a") as file:
            file.write('{"id": "cus_')
        vendor.requests.clear()
        second = subprocess.run(
            command, cwd=PROJECT_DIR, env=environment, capture_output=True, text=True, check=False
        )
    assert second.returncode == 0, second.stderr
    assert "continues after 4 records" in second.stderr
    assert "6 records are new or changed. `csw run` loads them." in second.stdout
    assert [query["starting_after"] for query in vendor.asked("/v1/customers")] == [["cus_3"]]
    assert Home(tmp_path, vendor).ids("customers") == [f"cus_{number}" for number in range(6)]
    assert KEY not in second.stdout + second.stderr
    assert_no_key_in(tmp_path)


def test_a_kill_before_the_file_is_in_place_lands_it_once(
    home: Home, vendor: Stripe, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("orchestration.extract.output.atomic_replace", lambda *_: os.abort_by_test())  # type: ignore[attr-defined]
        with pytest.raises(AttributeError):
            home.extract("customers")
    assert [path.name[0] for path in home.files("customers")] == ["."]
    vendor.requests.clear()
    home.extract("customers")
    assert vendor.requests == []
    [file] = home.files("customers")
    assert len(home.ids("customers")) == 6
    with monkeypatch.context() as patch:
        patch.setattr("orchestration.extract.state.State.finish", lambda *_: os.abort_by_test())  # type: ignore[attr-defined]
        with pytest.raises(AttributeError):
            home.extract("customers", full=True)
    before = home.files("customers")
    home.extract("customers")
    assert home.files("customers") == before
    assert file in before


def test_the_second_of_two_extracts_of_a_system_names_the_first(home: Home) -> None:
    with (
        hold_lock(home.folder / "extract" / "stripe.lock", "csw extract stripe"),
        pytest.raises(LockedError, match="csw extract stripe"),
    ):
        home.extract("customers")


def test_the_key_is_in_no_log(home: Home, vendor: Stripe, caplog: pytest.LogCaptureFixture) -> None:
    vendor.faults = [Answer({}, 500)]
    with caplog.at_level(logging.DEBUG):
        home.extract()
    assert caplog.records
    assert KEY not in caplog.text
    assert_no_key_in(home.folder)


@pytest.mark.parametrize(
    ("system", "objects", "environment", "words"),
    [
        ("strpe", [], {}, "does not know the system 'strpe'.*Did you mean 'stripe'"),
        ("stripe", ["invoice"], {}, "no object 'invoice'.*Did you mean 'invoices'"),
        ("stripe", [], {}, "CSW_STRIPE_KEY is empty"),
        ("stripe", [], {"CSW_STRIPE_KEY": "a b"}, "The value of CSW_STRIPE_KEY contains a character"),
        ("stripe", [], {"CSW_STRIPE_URL": "api"}, "CSW_STRIPE_URL is not an address"),
        (
            "stripe",
            [],
            {"CSW_STRIPE_URL": "http://proxy.test"},
            "would cross the network unencrypted",
        ),
        ("hubspot", [], {"CSW_HUBSPOT_PROPERTIES": "deals"}, "'deals' is not <object>.<property>"),
    ],
)
def test_a_wrong_setting_is_explained(
    tmp_path: Path, system: str, objects: list[str], environment: dict[str, str], words: str
) -> None:
    with pytest.raises(SettingsError, match=words):
        extract(load_settings(tmp_path, environment={}), system, objects, environment=environment)
    assert list(tmp_path.iterdir()) == []


def test_no_network_is_explained(tmp_path: Path) -> None:
    from tests.unit.extracting import QUICK

    environment = {"CSW_STRIPE_KEY": KEY, "CSW_STRIPE_URL": "http://127.0.0.1:9"}
    with pytest.raises(ExtractError, match=r"127.0.0.1 cannot be reached, in 3 attempts.*HTTPS_PROXY"):
        extract(load_settings(tmp_path, environment={}), "stripe", environment=environment, patience=QUICK)


def test_without_dlt_the_command_says_what_to_install() -> None:
    code = (
        "import sys; sys.modules['dlt'] = None; import importlib.util as u; found = u.find_spec;"
        "import orchestration.cli.extract as e; e.find_spec = lambda name: None;"
        "from orchestration.cli.main import main; sys.argv = ['csw', 'extract', 'stripe']; main()"
    )
    process = subprocess.run([sys.executable, "-c", code], cwd=PROJECT_DIR, capture_output=True, text=True)
    assert process.returncode == 1
    assert process.stderr.startswith(
        "error: csw extract needs dlt, which is not installed: run `make setup-ext"
    )
