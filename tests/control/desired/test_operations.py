"""What operators do to businesses: each operation is stored with its record, and the next turn acts on it."""

import msgspec
import pytest

from reconciler.control.errors import Conflict, UnknownBusiness, UnknownInstance
from reconciler.manifest.errors import SpecError
from reconciler.manifest.model import Update
from reconciler.store.model import StoreError
from tests.control.helpers import FakeSource, Site
from tests.support.planning import business, component

SHOP = business("shop", component("web"))


@pytest.fixture
def shop(site: Site) -> Site:
    """The shop runs on node a."""
    site.nodes("a")
    site.deploys(SHOP)
    site.settles()
    return site


def newest(site: Site) -> tuple[str, str, str]:
    event = site.events()[-1]
    return event.kind, event.message, event.cause


def test_stop_and_start_again_by_a_new_spec(shop: Site) -> None:
    assert shop.manager.desired.stop("shop", "ann").changed
    assert newest(shop) == ("stop", "stop asked for by ann", "ann: stop")
    assert not shop.manager.desired.stop("shop", "ann").changed, "it is stopped already"
    shop.settles()
    assert shop.running() == [] and shop.status() == "stopped"
    assert [event.cause for event in shop.events("stop")] == ["ann: stop", "ann: stop"]


def test_restart_makes_every_instance_anew(shop: Site) -> None:
    before = shop.agents.containers
    shop.manager.desired.restart("shop", "ann")
    shop.settles()
    assert shop.agents.containers == before + 1
    (event,) = shop.events("update")
    assert event.cause == "ann: restart"


def test_a_paused_business_is_left_alone_until_it_goes_on(shop: Site) -> None:
    assert shop.manager.desired.pause("shop", "ann").changed
    shop.deploys(business("shop", component("web", image_name="web:2")))
    shop.settles()
    assert not shop.events("update")
    assert shop.manager.desired.resume("shop", "ann").changed
    assert not shop.manager.desired.resume("shop", "ann").changed
    shop.settles()
    assert len(shop.events("update")) == 1


def test_what_is_removed_ends(shop: Site) -> None:
    shop.manager.desired.remove("shop", "ann")
    assert newest(shop) == ("removed", "removed by ann", "ann: delete")
    shop.settles()
    assert shop.running() == []
    with pytest.raises(UnknownBusiness, match="there is no business 'shop'"):
        shop.manager.desired.remove("shop", "ann")


def test_going_back_pins_and_unpinning_accepts_again(shop: Site) -> None:
    changed = business("shop", component("web", image_name="web:2"))
    shop.deploys(changed)
    back = shop.manager.desired.roll_back("shop", None, "ann")
    assert (back.target, back.revision) == (1, 3)
    assert newest(shop)[1:] == ("rolled back to revision 1, as revision 3, by ann", "ann: rollback to revision 1")
    with pytest.raises(Conflict, match="this very content of 'shop' was rolled back"):
        shop.deploys(changed)
    shop.manager.desired.unpin("shop", "ann")
    shop.deploys(changed)
    with pytest.raises(Conflict, match="shop is not pinned"):
        shop.manager.desired.unpin("shop", "ann")


def test_only_what_waits_behind_a_canary_is_promoted(site: Site) -> None:
    site.nodes("a")
    site.deploys(business("shop", component("web", replicas=3, update=Update(canary=1)), component("db")))
    with pytest.raises(UnknownInstance, match="shop has no component 'app': it has db, web"):
        site.manager.desired.promote("shop", "app", "ann")
    with pytest.raises(Conflict, match="nothing of shop/db waits to be promoted"):
        site.manager.desired.promote("shop", "db", "ann")
    assert site.manager.desired.promote("shop", None, "ann").components == ("web",)
    with pytest.raises(Conflict, match="nothing of shop waits to be promoted"):
        site.manager.desired.promote("shop", None, "ann")


def test_thawing_what_is_not_frozen_changes_nothing(shop: Site) -> None:
    before = len(shop.events())
    assert not shop.manager.desired.thaw("shop", "web", "ann").changed
    assert len(shop.events()) == before
    with pytest.raises(UnknownInstance):
        shop.manager.desired.thaw("shop", "app", "ann")


def test_an_operation_that_can_not_be_put_on_record_is_not_done(shop: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise StoreError("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(shop.store.events, "add", fails)
        with pytest.raises(StoreError):
            shop.manager.desired.stop("shop", "ann")
    assert not shop.store.desired.snapshot().businesses["shop"].stopped


def test_specs_are_created_once_replaced_and_scaled(site: Site) -> None:
    assert site.manager.specs.create(SHOP, "ann").revision == 1
    with pytest.raises(Conflict, match="business 'shop' exists already: PUT changes it"):
        site.manager.specs.create(SHOP, "ann")
    assert not site.manager.specs.replace(SHOP, "ann").changed, "an identical spec makes no revision"
    assert site.manager.specs.scale("shop", {"web": 3}, "ann").revision == 2
    with pytest.raises(SpecError, match="is no component of shop: it has web"):
        site.manager.specs.scale("shop", {"app": 3}, "ann")
    with pytest.raises(UnknownBusiness, match="did you mean 'shop'"):
        site.manager.specs.scale("shap", {"web": 3}, "ann")
    assert [event.cause for event in site.events("accepted")] == ["ann: revision 1", "ann: revision 2"]


def test_businesses_that_would_wait_for_each_other_are_refused(site: Site) -> None:
    def waiting(name: str, other: str) -> object:
        return msgspec.structs.replace(business(name, component("web")), depends_on_businesses=(other,))

    site.manager.specs.create(business("shop", component("web")), "ann")
    site.manager.specs.create(waiting("blog", "shop"), "ann")  # type: ignore[arg-type]
    with pytest.raises(SpecError, match="depends_on_businesses"):
        site.manager.specs.replace(waiting("shop", "blog"), "ann")  # type: ignore[arg-type]


def test_what_a_watched_source_declares_is_changed_there(tmp_path: object) -> None:
    source = FakeSource()
    source.declares = [SHOP]
    site = Site(tmp_path, source)  # type: ignore[arg-type]
    site.manager.sources.sync()
    for change in (
        lambda: site.manager.specs.create(SHOP, "ann"),
        lambda: site.manager.specs.replace(SHOP, "ann"),
        lambda: site.manager.specs.scale("shop", {"web": 2}, "ann"),
        lambda: site.manager.desired.remove("shop", "ann"),
    ):
        with pytest.raises(Conflict, match=r"is declared in desired/shop\.yaml: change it there"):
            change()
    assert site.manager.desired.stop("shop", "ann").changed, "anybody may stop it"
    site.close()
