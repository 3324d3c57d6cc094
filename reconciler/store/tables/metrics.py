"""What instances used over time: sampled sparsely, averaged when old, and dropped in the end."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Integer, bindparam, cast, delete, exists, func, insert, literal, select

from reconciler.store.db.database import Work
from reconciler.store.db.schema import business_components, component_metrics
from reconciler.wire.messages import InstanceKey, Status
from reconciler.wire.reports import InstanceReport

SAMPLE_SECONDS = 30.0
"""Seconds between two samples of an instance."""

RAW_SECONDS_MAX = 3600.0
"""Seconds that single samples are kept."""

SPAN_SECONDS = 300
"""Seconds that one average is over."""

AVERAGES_SECONDS_MAX = 7 * 86400.0
"""Seconds that averages are kept."""

SAMPLES_MAX = 5_000_000
"""Rows kept whatever the fleet's size (about 1 GB); the oldest beyond are dropped."""

TABLE = component_metrics.c

COLUMNS = (
    "business_id",
    "component_id",
    "instance",
    "timestamp",
    "cpu_percent",
    "memory_mb",
    "gpu_percent",
    "span",
)

# Instances of components that nobody wants any more have no row to belong to: their samples are dropped.
INSERT_SAMPLE = insert(component_metrics).from_select(
    COLUMNS,
    select(
        bindparam("business", type_=TABLE.business_id.type),
        bindparam("component", type_=TABLE.component_id.type),
        bindparam("ordinal", type_=TABLE.instance.type),
        bindparam("at", type_=TABLE.timestamp.type),
        bindparam("cpu", type_=TABLE.cpu_percent.type),
        bindparam("memory", type_=TABLE.memory_mb.type),
        bindparam("gpu", type_=TABLE.gpu_percent.type),
        literal(0),
    ).where(
        exists().where(
            business_components.c.business_id == bindparam("business"),
            business_components.c.component_id == bindparam("component"),
        )
    ),
)


@dataclass(frozen=True, slots=True)
class Sampling:
    """When each instance of a node was last sampled (epoch seconds), and the samples that wait to be written."""

    sampled_at: Mapping[InstanceKey, float] = field(default_factory=dict)
    waiting: tuple[Mapping[str, object], ...] = ()

    def after(self, reports: Iterable[InstanceReport], at: float) -> "Sampling":
        """Sample those running instances whose turn it is: at most one every `SAMPLE_SECONDS`."""
        due = [one for one in reports if one.status is Status.RUNNING and self._is_due(one.key, at)]
        if not due:
            return self
        sampled_at = {**self.sampled_at, **{report.key: at for report in due}}
        return Sampling(sampled_at, (*self.waiting, *(_parameters(report, at) for report in due)))

    def without(self, gone: Collection[InstanceKey]) -> "Sampling":
        """Forget when instances that are gone were sampled."""
        if not gone:
            return self
        return Sampling({key: at for key, at in self.sampled_at.items() if key not in gone}, self.waiting)

    def _is_due(self, key: InstanceKey, at: float) -> bool:
        # A clock that was set back makes a sample due, too.
        return not 0 <= at - self.sampled_at.get(key, float("-inf")) < SAMPLE_SECONDS


def _parameters(report: InstanceReport, at: float) -> dict[str, object]:
    """What `INSERT_SAMPLE` needs to write this sample."""
    usage = report.resource_usage
    return {
        "business": report.business_id,
        "component": report.component_id,
        "ordinal": report.instance,
        "at": at,
        "cpu": usage.cpu_percent,
        "memory": round(usage.memory_mb),
        "gpu": usage.gpu_percent,
    }


def write_samples(work: Work, samples: Sequence[Mapping[str, object]]) -> None:
    """Write samples that waited."""
    if samples:
        work.execute(INSERT_SAMPLE, samples)


def age_samples(work: Work, at: float) -> None:
    """Average the single samples that are old enough, and drop what is too old or too much."""
    # Whole spans only, so that no later sample belongs to a span that was averaged already.
    cutoff = (at - RAW_SECONDS_MAX) // SPAN_SECONDS * SPAN_SECONDS
    old = (TABLE.span == 0) & (TABLE.timestamp < cutoff)
    if work.execute(select(TABLE.id).where(old).limit(1)).first() is not None:
        start = cast(TABLE.timestamp / SPAN_SECONDS, Integer) * SPAN_SECONDS
        averages = (
            select(
                TABLE.business_id,
                TABLE.component_id,
                TABLE.instance,
                start,
                func.avg(TABLE.cpu_percent),
                func.round(func.avg(TABLE.memory_mb)),
                func.avg(TABLE.gpu_percent),
                literal(SPAN_SECONDS),
            )
            .where(old)
            .group_by(TABLE.business_id, TABLE.component_id, TABLE.instance, start)
        )
        work.execute(insert(component_metrics).from_select(COLUMNS, averages))
        work.execute(delete(component_metrics).where(old))
    too_old = TABLE.timestamp < at - AVERAGES_SECONDS_MAX
    work.execute(delete(component_metrics).where(TABLE.span == SPAN_SECONDS, too_old))
    _drop_surplus(work)


def _drop_surplus(work: Work) -> None:
    """Keep at most `SAMPLES_MAX` rows: those written last."""
    oldest, newest = work.execute(select(func.min(TABLE.id), func.max(TABLE.id))).one()
    if newest is None or newest - oldest < SAMPLES_MAX:
        return
    surplus = select(TABLE.id).order_by(TABLE.id.desc()).limit(1).offset(SAMPLES_MAX).scalar_subquery()
    work.execute(delete(component_metrics).where(TABLE.id <= surplus))
