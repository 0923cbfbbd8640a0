"""The static files of the pages: their scripts know every name that the server may send."""

import json
import re

from recomind.recommender.candidates.registry import SOURCES, STRATEGIES
from recomind_web.pages import FILES


def keys_of_object(script, name):
    """The keys of an object literal in a script."""
    literal = re.search(rf"{name} = {{(.*?)}};", FILES[script].content.decode(), re.DOTALL)[1]
    return {json.loads(key) if key[0] == '"' else key for key in re.findall(r'("[\w-]+"|\w+): "', literal)}


def test_every_source_has_a_label_on_the_operations_page():
    assert keys_of_object("source_labels.js", "SOURCE_LABELS") == set(SOURCES)


def test_every_strategy_has_a_label_on_the_feed_page():
    assert keys_of_object("feed_view.js", "STRATEGY_LABELS") == STRATEGIES.keys()


def test_every_imported_script_exists():
    scripts = {name: file.content.decode() for name, file in FILES.items() if name.endswith(".js")}
    imports = {
        found for text in scripts.values() for found in re.findall(r'^import .*"\./([\w.]+)";$', text, re.MULTILINE)
    }
    assert imports <= scripts.keys()


def test_only_one_script_uses_the_storage_of_the_browser_which_may_deny_it():
    scripts = {name: file.content.decode() for name, file in FILES.items() if name.endswith(".js")}
    own = {name: text for name, text in scripts.items() if not name.startswith("swagger-ui")}
    code = {name: re.sub(r"//.*", "", text) for name, text in own.items()}
    assert [name for name, text in code.items() if re.search("(local|session)Storage", text)] == ["browser_storage.js"]


def test_no_page_names_an_absolute_path_so_that_a_proxy_may_add_a_prefix():
    absolute = re.compile(r'(?:href|src|action|url)\s*[=:(]\s*["\']?/(?!/)|fetch\(\s*["\'`]/|replaceState\([^;]*"/"')
    own = {name: file.content.decode() for name, file in FILES.items() if not name.startswith("swagger-ui")}
    assert {name: absolute.findall(text) for name, text in own.items() if absolute.search(text)} == {}
