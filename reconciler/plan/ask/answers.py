"""The public form of answers about plans: how an instance stands with every node, and what losses would leave."""

from collections.abc import Iterable, Mapping
from typing import Any

from reconciler.plan.ask.explain import Explanation
from reconciler.plan.model.plan import Pending

Form = dict[str, Any]


def explanation_form(explanation: Explanation) -> Form:
    """Write down how an instance stands with every node."""
    key = explanation.key
    return {
        "business_id": key.business_id,
        "component_id": key.component_id,
        "instance": key.instance,
        "node_id": explanation.node_id,
        "reason": explanation.reason,
        "remedy": explanation.remedy,
        "situations": [
            {
                "nodes": list(situation.nodes),
                "fits": not situation.obstacles,
                "obstacles": [str(obstacle) for obstacle in situation.obstacles],
                "obstacle_codes": [obstacle.code for obstacle in situation.obstacles],
                "score": situation.score and {"total": situation.score.total} | situation.score._asdict(),
            }
            for situation in explanation.situations
        ],
    }


def survival_form(found: Mapping[str, Iterable[Pending]]) -> list[Form]:
    """Write down what each loss would leave without a place."""
    return [
        {"lost": name, "homeless": {str(one.key): str(one) for one in homeless}} for name, homeless in found.items()
    ]
