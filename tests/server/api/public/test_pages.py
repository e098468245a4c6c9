"""The public pages: Chinese, complete without scripts, and safe to show whatever was typed."""

import re
from html.parser import HTMLParser
from uuid import uuid4

import pytest
from sqlalchemy import insert, select

from server.models import Publication
from tests.server.inspections import published

POLICY = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'"


class Outline(HTMLParser):
    """What a reader's tools see of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.links, self.styles = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        named = dict(attributes)
        self.tags.append(tag)
        self.links += [value for name, value in attributes if name in ("href", "src", "action")]
        self.styles += [name for name in named if name == "style" or name.startswith("on")]


def page(http, path, status=200):
    answer = http.get(path)
    assert answer.status_code == status, answer.text
    assert answer.content_type == "text/html; charset=utf-8"
    return answer


@pytest.fixture
def notice(world):
    return published(world)


@pytest.mark.parametrize("which", ["/public/", "/public/results/{}", "/public/results/none"])
def test_a_page_is_chinese_needs_no_script_and_loads_nothing_from_elsewhere(http, notice, which):
    path = which.format(notice[1])
    answer = page(http, path, 404 if path.endswith("none") else 200)
    outline = Outline(answer.text)
    assert '<html lang="zh-CN">' in answer.text
    assert outline.tags.count("h1") == outline.tags.count("main") == 1
    assert not {"script", "iframe", "object", "style"} & set(outline.tags)
    assert outline.styles == []
    assert all(link.startswith(("/public", "#")) for link in outline.links)
    assert answer.headers["Content-Security-Policy"].startswith(POLICY)
    assert outline.tags.count("caption") == outline.tags.count("table")


def test_the_list_leads_to_the_result(http, notice):
    text = page(http, "/public/").text
    assert f'href="/public/results/{notice[1]}"' in text
    assert "第1小吃店" in text
    assert "发现问题已责令改正" in text


def test_the_result_is_told_in_words(http, notice):
    text = re.sub(r"\s+", "", page(http, f"/public/results/{notice[1]}").text)
    for words in (
        "发现问题已责令改正", "九小场所", "新城大队", "2026年11月21日", "不符合", "灭火器失效",
        "二层灭火器2具空瓶", "严重", "责令限期改正", "2026年12月20日", "2名，其中持执法证件2名",
    ):  # fmt: skip
        assert words in text


def test_an_old_version_is_reachable_and_marked(world, http, notice):
    task_id, notice_id = notice
    body = {"reason": "结果登记有误", "result": "pending"}
    assert world.supervisor.post(f"/tasks/{task_id}/publish", body).status_code == 201
    old = page(http, f"/public/results/{notice_id}?version=1").text
    assert "这是第 1 版，已被更正" in old
    new = page(http, f"/public/results/{notice_id}").text
    assert "本版更正了第 1 版。更正理由：结果登记有误" in new
    assert f'href="/public/results/{notice_id}?version=1"' in new


def test_a_withdrawn_result_says_so_and_no_more(world, http, notice):
    notice_id = notice[1]
    world.supervisor.post(f"/publications/{notice_id}/withdraw", {"reason": "决定被撤销"})
    text = page(http, f"/public/results/{notice_id}").text
    assert "撤回，内容不再公开" in text
    assert "撤回理由：决定被撤销" in text
    assert "小吃店" not in text
    assert "已撤回" in page(http, "/public/").text


def test_what_an_officer_typed_is_text_and_never_markup(world, http):
    evil = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
    site = world.object(name=f"甲{evil}"[:60])
    _, notice_id = published(world, object_id=site, finding={"title": evil, "description": evil})
    for path in ("/public/", f"/public/results/{notice_id}", "/public/?q=" + evil):
        outline = Outline(page(http, path).text)
        assert not {"script", "img"} & set(outline.tags)
        assert outline.styles == []


def add_copies(world, count):
    """Further publications of the one there is, each under an address of its own."""
    with world.parts.database.write() as session:
        (first,) = session.execute(select(Publication.__table__)).mappings()
        ids = [uuid4().hex for _ in range(count)]
        copies = [{**first, "id": id_, "notice_id": id_} for id_ in ids]
        session.execute(insert(Publication), copies)


def test_the_search_keeps_what_was_asked_and_pages_on(world, http, notice):
    add_copies(world, 20)
    text = page(http, "/public/?q=小吃&organisation=brig-a&from=&to=").text
    assert 'value="小吃"' in text
    assert '<option value="brig-a" selected>' in text
    following = re.search(r'href="([^"]+)" rel="next"', text)[1].replace("&amp;", "&")
    assert page(http, following).text.count('scope="row"') == 1


@pytest.mark.parametrize("query", ["from=singlemessage&isappinstalled=0", "from=x&limit=-1"])
def test_words_that_a_messenger_appends_to_a_link_do_no_harm(http, notice, query):
    text = page(http, f"/public/?{query}").text
    assert "有的查询条件无法识别" in text
    assert notice[1] in text
    assert "灭火器失效" in page(http, f"/public/results/{notice[1]}?{query}").text


def test_an_address_that_does_not_exist_answers_with_a_page(http, notice):
    for path in ("/public/results/unknown", "/public/result", "/public/static/none.css"):
        assert "没有找到这一页" in page(http, path, 404).text
    assert "没有找到这一页" in page(http, f"/public/results/{notice[1]}?version=7", 404).text


def test_an_empty_list_says_what_to_do(http, world):
    assert "尚未公示抽查结果" in page(http, "/public/").text
    assert "请减少查询条件后再试" in page(http, "/public/?q=没有的单位").text


def test_the_style_sheet_is_ours_and_names_no_other_place(http, world):
    style = http.get("/public/static/public.css")
    assert style.status_code == 200
    assert "url(" not in style.text
    assert "@import" not in style.text
