import pytest

from phonograph.collections.recipes import locate, recipe_names
from phonograph.errors import GraphError


def test_every_recipe_is_found_by_its_name():
    for name in recipe_names():
        path, shown = locate(f"phonograph://{name}")
        assert path.is_file()
        assert shown == f"phonograph://{name}"


@pytest.mark.parametrize("text", ["phonograph://asr/promts", "phonograph://../asr/prompts"])
def test_a_misspelt_recipe_is_refused_with_the_name_to_write(text):
    with pytest.raises(GraphError) as caught:
        locate(text)
    [fault] = caught.value.diagnostics
    assert fault.message == f"there is no recipe `{text}`"
    assert "`asr/prompts`" in fault.help
