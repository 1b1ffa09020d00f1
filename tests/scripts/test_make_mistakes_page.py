import re


def test_the_committed_page_is_what_the_script_makes(load_script):
    script = load_script("make_mistakes_page")
    assert script.PAGE.read_text(encoding="utf-8") == script.page()


def test_every_chosen_mistake_has_a_heading_an_edit_and_a_message(load_script):
    script = load_script("make_mistakes_page")
    for part in script.page().split("\n## ")[1:]:
        assert re.search(r"^```diff\n([+-] .*\n)+```$", part, re.MULTILINE), part
        assert part.count("error[PG") == 1
