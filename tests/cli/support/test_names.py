"""What can't be a name is wrong use: it is said so, with status 2, and never becomes another path of the API."""

import pytest

from reconciler.cli.support.errors import WrongUse
from reconciler.cli.support.names import component_of, instance_of
from tests.support.commands import command


def test_a_target_names_a_component() -> None:
    assert component_of("shop/web") == ("shop", "web")
    for wrong in ("shop", "shop/", "/web", "shop/web/0", "../web", "shop?/web"):
        with pytest.raises(WrongUse, match="BUSINESS/COMPONENT"):
            component_of(wrong)


def test_a_target_names_an_instance() -> None:
    assert instance_of("shop/web") == ("shop", "web", None)
    assert instance_of("shop/web/2") == ("shop", "web", 2)
    for wrong in ("shop", "shop/", "/web", "shop/web/", "shop/web/x", "shop/web/\u00b2", "shop/web/0/1", "../web"):
        with pytest.raises(WrongUse, match="BUSINESS/COMPONENT"):
            instance_of(wrong)


@pytest.mark.parametrize(
    "words",
    [
        *(["status", name] for name in ("../nodes", "shop/web", "shop?x", "")),
        *([name, "shop/web"] for name in ("get", "history", "rollback", "unpin", "stop", "restart", "pause", "resume")),
        ["delete", "-y", ".."],
        ["drain", "../businesses", "--check"],
        ["node", "show", ".."],
        ["events", "--business", "shop/web"],
        ["events", "shop", "--business", "blog"],
        ["explain", "shop/web/\u00b2"],
        ["logs", "../x"],
        ["exec", "..", "--", "ls"],
        ["promote", "shop/../stop"],
        ["scale", "../web=1"],
    ],
)
def test_what_can_be_no_name_is_wrong_use(words: list[str]) -> None:
    done = command(*words, "--manager", "http://127.0.0.1:1")
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert "no manager answers" not in done.stderr


@pytest.mark.parametrize("words", [["diff"], ["replay"], ["shadow"], ["survive"]])
@pytest.mark.parametrize("setting", ["RECONCILER_CONFIG", "RECONCILER_MANAGER", "RECONCILER_TOKEN"])
def test_a_setting_that_is_none_does_not_look_like_a_difference(words: list[str], setting: str) -> None:
    done = command(*words, **{setting: "nowhere"})
    assert done.returncode == 2 and done.stderr.startswith("error: ")
