"""Plans to render, and the files that hold what they are rendered as."""

import os
from pathlib import Path

from reconciler.plan.model.plan import Kind
from reconciler.plan.show.fields import (
    ActionFields,
    ChangeFields,
    DeferredFields,
    DownloadFields,
    DriftedFields,
    FetchFields,
    PendingFields,
    PreviewDocument,
    ProblemFields,
    RefusalFields,
    SummaryFields,
    UnknownFields,
)

GOLDEN = Path(__file__).parent / "golden"
MEMORY = ChangeFields(field="memory_mb", old="24", new="32")
SECRET = ChangeFields(field="environment_variables.TOKEN", old=None, new="(hidden)")


def golden(name: str, found: str) -> str:
    """Read what a plan was rendered as; with `GOLDEN=write` in the environment it is written, to be looked at."""
    path = GOLDEN / name
    if os.environ.get("GOLDEN") == "write":
        path.write_text(found)
    return path.read_text()


def action(kind: Kind, name: str, node_id: str = "a", **fields: object) -> ActionFields:
    """An action about the instance `shop/web/0`, with these fields."""
    business_id, component_id, instance = name.split("/")
    given: dict[str, object] = {
        "reason": "spec changed",
        "reason_code": "spec_changed",
        "changes": (),
        "waits_for": (),
        "blocked_by": None,
        "blocked_by_code": None,
        "exceeds": (),
        "live": False,
        "interrupts": False,
        "affects": (),
        "gpu_devices": (),
        "host_ports": (),
        "digest": "d" * 64,
        "old_digest": None,
        "source": None,
    }
    return ActionFields(
        business_id=business_id,
        component_id=component_id,
        instance=int(instance),
        kind=kind,
        node_id=node_id,
        **(given | fields),  # type: ignore[arg-type]
    )


def preview(*actions: ActionFields, unchanged: int = 0, **fields: object) -> PreviewDocument:
    """A plan of these actions, with these fields beside."""
    kinds = [one.kind for one in actions]
    pending = fields.pop("pending", ())
    return PreviewDocument(
        format="reconciler.plan/2",
        actions=actions,
        pending=pending,  # type: ignore[arg-type]
        drifted=fields.pop("drifted", ()),  # type: ignore[arg-type]
        stays=fields.pop("stays", {}),  # type: ignore[arg-type]
        unchanged=unchanged,
        summary=SummaryFields(
            create=kinds.count(Kind.CREATE),
            update=kinds.count(Kind.UPDATE),
            stop=kinds.count(Kind.STOP),
            pending=len(pending),  # type: ignore[arg-type]
        ),
        hash="0123456789abcdef" * 4,
        **fields,  # type: ignore[arg-type]
    )


def everything() -> PreviewDocument:
    """A plan in which there is something of all that can be."""
    return preview(
        action(Kind.STOP, "shop/old/0", reason="old is not in the spec", digest=None, old_digest="e" * 64),
        action(
            *(Kind.UPDATE, "shop/db/0"),
            changes=(MEMORY, SECRET),
            interrupts=True,
            affects=("mail", "web"),
            source="desired/shop.yaml",
        ),
        action(Kind.UPDATE, "shop/web/0", "b", reason="limits changed", live=True, source="desired/shop.yaml"),
        action(
            *(Kind.CREATE, "ml/train/1", "b"),
            reason="not running yet",
            gpu_devices=(0, 3),
            host_ports=("80/tcp",),
            waits_for=("shop/old/0",),
            blocked_by="waits until train/0 runs: 1 at a time",
            exceeds=("stops",),
        ),
        unchanged=3,
        pending=(
            PendingFields(
                business_id="big",
                component_id="big",
                instance=0,
                reason="2 nodes: CPU: needs 99 cores, at most 2 free",
                reason_code="cpu_short",
                refusals=(
                    RefusalFields(nodes=2, reason="CPU: needs 99 cores, at most 2 free", reason_code="cpu_short"),
                ),
            ),
        ),
        drifted=(
            DriftedFields(
                business_id="shop",
                component_id="cache",
                instance=0,
                node_id="a",
                changes=(MEMORY,),
                why_left="frozen",
                why_left_code="frozen",
            ),
        ),
        stays={"shop/mail/0": "a", "shop/mail/1": "b", "blog/page/0": "a"},
        problems=(ProblemFields(file="bad.yaml", line=3, path="components[0]", message="is no YAML"),),
        prune_blocked="2 of 3 businesses would go: 'reconciler sync --prune' goes on",
        deferred=(
            DeferredFields(
                business_id="blog", file="blog.yaml", reason="it was rolled back", until=None, changes=(MEMORY,)
            ),
        ),
        fetches=(fetch("ml/train/1", "b", size_mb=2048, disk_free_mb=1024, disk_suffices=False),),
        downloads=(
            DownloadFields(
                node_id="b", images=2, size_mb=2048, of_unknown_size=1, disk_free_mb=1024, disk_suffices=False
            ),
        ),
        unknowns=(
            UnknownFields(
                node_id="a",
                what="suspect: what runs there is as it last reported",
                since=1.0,
                age_seconds=20.0,
                instances=tuple(f"shop/mail/{number}" for number in range(5)),
            ),
        ),
    )


def fetch(instance: str = "shop/web/0", node_id: str = "a", **fields: object) -> FetchFields:
    """The image of an action, which is not there and of which nothing is known, but for these fields."""
    given: dict[str, object] = {
        "image": "web:1",
        "how": "pull",
        "pull_policy": "missing",
        "size_mb": None,
        "present": False,
        "disk_free_mb": None,
        "disk_suffices": None,
    }
    return FetchFields(instance=instance, node_id=node_id, **(given | fields))  # type: ignore[arg-type]
