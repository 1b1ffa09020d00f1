from phonograph.collections.recipes import recipe_names


def test_the_committed_page_is_what_the_script_makes(load_script):
    script = load_script("make_models_page")
    assert script.PAGE.read_text(encoding="utf-8") == script.page()


def test_every_recipe_has_an_entry_and_every_entry_a_recipe(load_script):
    assert sorted(load_script("make_models_page").PUBLISHED) == recipe_names()
