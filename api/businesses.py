"""The mission's paths for businesses, to the letter."""

import msgspec
from flask import Blueprint, Response, jsonify, request

from api.bodies import read_business, read_exec, read_replicas
from api.views import business_form, component_forms, spec_form
from reconciler.control.errors import UnknownBusiness
from reconciler.control.loop.view import View
from reconciler.control.manager import Manager
from reconciler.manifest.errors import Problem, SpecError
from reconciler.plan.ask.status import BusinessStatus
from reconciler.wire.exec_stream import frame_line
from reconciler.wire.messages import Exec, InstanceKey

Reply = Response | tuple[Response, int]


def business_routes(manager: Manager) -> Blueprint:
    """`/api/businesses` and what is below it."""
    routes = Blueprint("businesses", __name__)

    @routes.post("/api/businesses")
    def create() -> Reply:
        business = read_business()
        accepted = manager.specs.create(business, who())
        return done(f"accepted as revision {accepted.revision}", business.business_id, 201)

    @routes.get("/api/businesses")
    def list_all() -> Reply:
        view = manager.view()
        return jsonify([business_form(view, manager.store, status) for status in view.statuses.values()])

    @routes.get("/api/businesses/<business_id>")
    def show(business_id: str) -> Reply:
        view = manager.view()
        status = status_of(view, business_id)
        return jsonify(business_form(view, manager.store, status) | {"spec": spec_form(view, business_id)})

    @routes.get("/api/businesses/<business_id>/components")
    def components(business_id: str) -> Reply:
        view = manager.view()
        return jsonify(component_forms(view, manager.store, status_of(view, business_id)))

    @routes.get("/api/businesses/<business_id>/components/<component_id>/<int:instance>/logs")
    def logs(business_id: str, component_id: str, instance: int) -> Reply:
        status_of(manager.view(), business_id)
        query = {name: request.args[name] for name in ("tail", "since", "cursor") if name in request.args}
        chunk = manager.instances.logs(InstanceKey(business_id, component_id, instance), query)
        return Response(msgspec.json.encode(chunk), mimetype="application/json")

    @routes.post("/api/businesses/<business_id>/components/<component_id>/<int:instance>/exec")
    def exec_(business_id: str, component_id: str, instance: int) -> Reply:
        asked = read_exec()
        relay = manager.instances.exec(
            Exec(
                business_id=business_id,
                component_id=component_id,
                instance=instance,
                command=asked.command,
                timeout=asked.timeout,
            ),
            who(),
        )
        reply = Response(map(frame_line, relay), mimetype="application/x-ndjson")
        reply.call_on_close(relay.close)
        return reply

    @routes.put("/api/businesses/<business_id>")
    def replace(business_id: str) -> Reply:
        status_of(manager.view(), business_id)
        business = read_business()
        if business.business_id != business_id:
            message = f"is '{business.business_id}', but the address says '{business_id}': they must agree"
            raise SpecError([Problem("body", None, "business_id", message)])
        accepted = manager.specs.replace(business, who())
        if not accepted.changed:
            return done(f"unchanged: revision {accepted.revision} says the same", business_id)
        return done(f"accepted as revision {accepted.revision}", business_id)

    @routes.delete("/api/businesses/<business_id>")
    def remove(business_id: str) -> Reply:
        manager.desired.remove(business_id, who())
        return done("is being removed", business_id, 202)

    @routes.post("/api/businesses/<business_id>/stop")
    def stop(business_id: str) -> Reply:
        manager.desired.stop(business_id, who())
        return done("is being stopped", business_id, 202)

    @routes.post("/api/businesses/<business_id>/restart")
    def restart(business_id: str) -> Reply:
        manager.desired.restart(business_id, who())
        return done("is being restarted", business_id, 202)

    @routes.post("/api/businesses/<business_id>/pause")
    def pause(business_id: str) -> Reply:
        manager.desired.pause(business_id, who())
        return done("is paused", business_id)

    @routes.post("/api/businesses/<business_id>/resume")
    def resume(business_id: str) -> Reply:
        manager.desired.resume(business_id, who())
        return done("goes on", business_id)

    @routes.post("/api/businesses/<business_id>/scale")
    def scale(business_id: str) -> Reply:
        status_of(manager.view(), business_id)
        accepted = manager.specs.scale(business_id, read_replicas(), who())
        word = f"accepted as revision {accepted.revision}" if accepted.changed else "unchanged"
        return done(word, business_id, 202)

    @routes.post("/api/businesses/<business_id>/promote")
    def promote(business_id: str) -> Reply:
        promoted = manager.desired.promote(business_id, request.args.get("component"), who())
        return done(f"{', '.join(promoted)} promoted", business_id, 202)

    return routes


def who() -> str:
    """Who asks, for the record: the address it comes from."""
    return f"api {request.remote_addr}"


def done(message: str, business_id: str, code: int = 200) -> Reply:
    """The mission's reply to a write that worked."""
    return jsonify({"status": "success", "message": message, "business_id": business_id}), code


def status_of(view: View, business_id: str) -> BusinessStatus:
    """The status of this business. Raises UnknownBusiness."""
    status = view.statuses.get(business_id)
    if status is None:
        raise UnknownBusiness(business_id, tuple(view.statuses))
    return status
