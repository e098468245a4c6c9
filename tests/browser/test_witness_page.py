"""A witness takes part in a draw with nothing but the link for their phone."""

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.server.drawing.stage import DICE
from tests.server.plans import stratum

FOUR = stratum(quotas=[4], reserve=2)


@pytest.fixture
def frozen(world, stage, server):
    for _ in range(12):
        world.object()
    return stage.freeze(stage.plan(FOUR))


@pytest.fixture
def link(world, frozen, server):
    """What the supervisor hands over at the sign-in."""
    body = {"kind": "media", "name": "见证人某某", "body": "某日报社"}
    answer = world.supervisor.post(f"/draws/{frozen['id']}/witnesses", body)
    return f"{server.url}{answer.get_json()['page']}"


def opened(phone: BrowserContext, link: str) -> Page:
    page = phone.new_page()
    page.goto(link)
    return page


def digits(page: Page, part: str) -> str:
    return (page.locator(f"#{part} .digits").text_content() or "").replace(" ", "")


def test_a_witness_seals_opens_compares_and_signs_n32(world, stage, frozen, link, phone):
    page = phone.new_page()
    wrong: list[str] = []
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto(link)
    page.get_by_role("button", name="生成并提交我的封印").click()
    expect(page.get_by_role("status")).to_contain_text("封印已提交")
    page.reload()  # a phone that was put away and taken up again
    expect(page.get_by_role("status")).to_contain_text("封印已提交")
    expect(page.get_by_role("button")).to_have_count(0)

    committed = stage.commit(frozen)
    page.get_by_role("button", name="打开我的封印").click()
    expect(page.get_by_role("status")).to_contain_text("您的封印已打开")
    assert digits(page, "commitment") == committed["commitment"]

    stage.roll(frozen)
    page.get_by_role("button", name="签名确认").click()
    expect(page.get_by_role("status")).to_contain_text("您已签名")
    assert digits(page, "dice") == DICE
    assert stage.report(frozen).faults == []
    shown = world.supervisor.get(f"/draws/{frozen['id']}").get_json()
    assert [each["signed_at"] is not None for each in shown["witnesses"]] == [True]
    page.get_by_role("link", name="查看公示").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("抽取")
    assert wrong == []


def test_another_phone_does_not_know_the_secret_and_says_so(stage, frozen, link, phone, browser):
    page = opened(phone, link)
    page.get_by_role("button", name="生成并提交我的封印").click()
    expect(page.get_by_role("status")).to_contain_text("封印已提交")
    other = browser.new_context()
    strange = opened(other, link)
    expect(strange.get_by_role("status")).to_contain_text("另一部手机")
    stage.commit(frozen)
    expect(strange.get_by_role("status")).to_contain_text("由封印本身代替")
    expect(strange.get_by_role("button")).to_have_count(0)
    page.get_by_role("button", name="打开我的封印").click()
    expect(strange.get_by_role("status")).to_contain_text("您的封印已打开")
    other.close()


def test_who_comes_without_a_link_of_theirs_is_told_what_to_do(server, phone):
    page = opened(phone, f"{server.url}/witness")
    expect(page.get_by_role("alert")).to_contain_text("登记时收到的链接")
    stranger = opened(phone, f"{server.url}/witness#not-a-token")
    expect(stranger.get_by_role("alert")).to_contain_text("见证")
    expect(stranger.get_by_role("button")).to_have_count(0)


def test_a_server_that_is_away_for_a_moment_is_waited_for(server, link, phone):
    page = opened(phone, link)
    expect(page.get_by_role("button", name="生成并提交我的封印")).to_be_visible()
    server.kill()
    page.get_by_role("button", name="生成并提交我的封印").click()
    expect(page.get_by_role("alert")).to_contain_text("网络不通")
    server.start()
    page.get_by_role("button", name="生成并提交我的封印").click()
    expect(page.get_by_role("status")).to_contain_text("封印已提交")
    expect(page.get_by_role("alert")).to_be_hidden()


def test_the_page_sends_its_link_to_nobody(server, link, phone):
    page = phone.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(link)
    expect(page.get_by_role("button")).to_be_visible()
    token = link.partition("#")[2]
    assert token
    assert all(url.startswith(server.url) for url in asked)
    assert not any(token in url.partition("#")[0] for url in asked)
