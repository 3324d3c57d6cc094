"""What a Memo computes again, and what it holds."""

import weakref

from reconciler.manifest.memo import Memo
from reconciler.manifest.model import Component


def component() -> Component:
    return Component(component_id="web", component_name="Web", image_name="web:1")


def test_a_result_is_computed_once_for_each_value_and_not_shared_between_equal_ones() -> None:
    asked: list[Component] = []
    memo: Memo[Component, int] = Memo(lambda value: asked.append(value) or len(asked))  # type: ignore[func-returns-value]
    one, other = component(), component()
    assert [memo(one), memo(one), memo(other), memo(one)] == [1, 1, 2, 1]


def test_a_value_that_nobody_uses_is_let_go_also_when_it_is_its_own_result() -> None:
    itself: Memo[Component, Component] = Memo(lambda value: value)
    name: Memo[Component, str] = Memo(lambda value: value.component_id)
    value = component()
    assert itself(value) is value
    assert name(value) == "web"
    gone = weakref.ref(value)
    del value
    assert gone() is None


def test_a_new_value_never_gets_the_result_of_one_that_is_gone() -> None:
    memo: Memo[Component, str] = Memo(lambda value: value.component_id)
    for number in range(1_000):
        name = f"part-{number}"
        assert memo(Component(component_id=name, component_name=name, image_name="web:1")) == name
