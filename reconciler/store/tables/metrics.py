"""What instances used over time: sampled sparsely, averaged when old, and dropped in the end."""

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, Integer, bindparam, cast, delete, exists, func, insert, literal, select

from reconciler.store.db.schema import business_components, component_metrics
from reconciler.store.model import Sample
from reconciler.wire.messages import InstanceKey, InstanceReport, Status

SAMPLE_EVERY = 30.0
"""Seconds between two samples of an instance."""

RAW_FOR = 3600.0
"""Seconds that single samples are kept."""

SPAN = 300
"""Seconds that one average is over."""

AVERAGES_FOR = 7 * 86400.0
"""Seconds that averages are kept."""

KEPT_SAMPLES = 5_000_000
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


class Sampler:
    """Takes at most one sample of an instance every `SAMPLE_EVERY` seconds, and holds them until written."""

    def __init__(self) -> None:
        self._sampled_at: dict[tuple[InstanceKey, str], float] = {}
        self._waiting: list[dict[str, object]] = []

    def take(self, node_id: str, reports: Iterable[InstanceReport], at: float) -> None:
        """Sample those running instances whose turn it is."""
        for report in reports:
            where = (report.key, node_id)
            # A clock that was set back makes a sample due, too.
            due = not 0 <= at - self._sampled_at.get(where, float("-inf")) < SAMPLE_EVERY
            if report.status is Status.RUNNING and due:
                self._sampled_at[where] = at
                self._waiting.append(parameters(report, at))

    def forget(self, where: tuple[InstanceKey, str]) -> None:
        """Let go of what is known of a copy that is gone."""
        self._sampled_at.pop(where, None)

    @property
    def waiting(self) -> Sequence[dict[str, object]]:
        """Samples that are not written yet."""
        return self._waiting

    def written(self) -> None:
        """All that waited is in the database now."""
        self._waiting = []


def parameters(report: InstanceReport, at: float) -> dict[str, object]:
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


def write_samples(connection: Connection, samples: Sequence[dict[str, object]]) -> None:
    """Write samples that waited."""
    if samples:
        connection.execute(INSERT_SAMPLE, samples)


def read_samples(connection: Connection, business_id: str, component_id: str, since: float) -> list[Sample]:
    """The samples and averages of a component's instances from `since` on, oldest first."""
    statement = select(component_metrics).where(
        TABLE.business_id == business_id, TABLE.component_id == component_id, TABLE.timestamp >= since
    )
    return [
        Sample(row.timestamp, row.instance, row.cpu_percent, row.memory_mb, row.gpu_percent or 0.0, row.span)
        for row in connection.execute(statement.order_by(TABLE.timestamp, TABLE.instance))
    ]


def age_samples(connection: Connection, at: float) -> None:
    """Average the single samples that are old enough, and drop what is too old or too much."""
    # Whole spans only, so that no later sample belongs to a span that was averaged already.
    cutoff = (at - RAW_FOR) // SPAN * SPAN
    old = (TABLE.span == 0) & (TABLE.timestamp < cutoff)
    if connection.execute(select(TABLE.id).where(old).limit(1)).first() is not None:
        start = cast(TABLE.timestamp / SPAN, Integer) * SPAN
        averages = (
            select(
                TABLE.business_id,
                TABLE.component_id,
                TABLE.instance,
                start,
                func.avg(TABLE.cpu_percent),
                func.round(func.avg(TABLE.memory_mb)),
                func.avg(TABLE.gpu_percent),
                literal(SPAN),
            )
            .where(old)
            .group_by(TABLE.business_id, TABLE.component_id, TABLE.instance, start)
        )
        connection.execute(insert(component_metrics).from_select(COLUMNS, averages))
        connection.execute(delete(component_metrics).where(old))
    connection.execute(delete(component_metrics).where(TABLE.span == SPAN, TABLE.timestamp < at - AVERAGES_FOR))
    drop_surplus(connection)


def drop_surplus(connection: Connection) -> None:
    """Keep at most `KEPT_SAMPLES` rows: those written last."""
    oldest, newest = connection.execute(select(func.min(TABLE.id), func.max(TABLE.id))).one()
    if newest is None or newest - oldest < KEPT_SAMPLES:
        return
    surplus = select(TABLE.id).order_by(TABLE.id.desc()).limit(1).offset(KEPT_SAMPLES).scalar_subquery()
    connection.execute(delete(component_metrics).where(TABLE.id <= surplus))
