"""A business with secrets wherever there can be some."""

from reconciler.manifest.model import Business, ConfigFile
from reconciler.plan.keep.state import State
from reconciler.plan.model.policy import Policy
from tests.support.planning import NOW, World, business, component

SECRET = "hunter2-of-the-shop"


def state_of(world: World) -> State:
    """Take what a world has as the state of a manager."""
    return State(world.desired, world.observed, Policy(), NOW)


def secretive(image: str = "web:1", secret: str = SECRET) -> Business:
    """A business with a secret in every place that can hold one, and references beside some of them."""
    web = component(
        "web",
        image_name=image,
        image_url=f"https://me:{secret}@files/web.tar",
        environment_variables={
            "DB_PASSWORD": secret,
            "DB_DSN": f"postgres://u:{secret}@${{db.host}}/x",
            "DB_URL": f"postgres://u:{secret}@${{db.host}}:${{db.port.5432}}/x",
            "PLAIN": "seen",
        },
        config_files=(ConfigFile(path="/etc/app.ini", content=f"password={secret}\nhost=${{db.host}}\n$${{db.host}}"),),
        command=("run", f"--password={secret}", "--api-key", secret, "sh", "-c", f"exec x --token '{secret} y'"),
        entrypoint=("sh", "-c", f"PASSWORD={secret} x"),
        labels={"token": secret},
        pre_stop=("bye", f"--secret={secret}"),
        replicas=2,
    )
    return business("shop", web, component("db", ports=[5432]))
