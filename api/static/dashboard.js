"use strict";
// The dashboard only reads: what it shows is what the API says, and every value is put in as text.

const EVERY_MS = 2000;
let token = sessionStorage.getItem("token") || "";

function element(tag, text, className) {
  const made = document.createElement(tag);
  if (text !== undefined && text !== null) made.textContent = text;
  if (className) made.className = className;
  return made;
}

function table(heads, rows, empty) {
  if (!rows.length) return element("p", empty, "quiet");
  const made = element("table");
  const head = made.createTHead().insertRow();
  for (const text of heads) head.append(element("th", text));
  const body = made.createTBody();
  for (const row of rows) {
    const line = body.insertRow();
    line.className = row.className || "";
    for (const cell of row.cells) line.append(cell instanceof Node ? cell : element("td", cell));
  }
  const scroll = element("div", undefined, "scroll");
  scroll.append(made);
  return scroll;
}

function status(word) {
  const cell = element("td");
  cell.append(element("span", word, "status " + word));
  return cell;
}

function businesses(list) {
  const rows = [];
  for (const business of list) {
    rows.push({ className: "business", cells: [business.business_id, status(business.status), business.source, `revision ${business.revision}`, "", business.message] });
    for (const part of business.components) {
      const usage = part.resource_usage;
      rows.push({ className: "instance", cells: [
        `${part.component_id}/${part.instance}`, status(part.status), part.node_id || "",
        `${usage.cpu_percent} %`, `${usage.memory_mb} MB`,
        part.progress === null ? part.message : `${Math.round(part.progress * 100)} % ${part.message}`] });
    }
  }
  return table(["Business", "Status", "Source / node", "CPU", "Memory", ""], rows,
    "Nothing is deployed. Put a spec into desired/, or run: reconciler apply examples/process.yaml");
}

function plan(made) {
  const rows = made.actions.map((action) => ({ cells: [
    action.kind, `${action.business_id}/${action.component_id}/${action.instance}`, action.node_id, action.reason] }));
  for (const item of made.pending) {
    rows.push({ cells: ["pending", `${item.business_id}/${item.component_id}/${item.instance}`, "", item.reason] });
  }
  return table(["Action", "Instance", "Node", "Why"], rows, `In sync: ${made.unchanged} instances as desired.`);
}

function nodes(list) {
  return table(["Node", "State", "CPU promised", "Memory promised", "Instances", "Labels"], list.map((node) => ({ cells: [
    node.node_id, status(node.state),
    `${node.allocated.cpu_cores} of ${node.capacity.cpu_cores}`,
    `${node.allocated.memory_mb} of ${node.capacity.memory_mb} MB`,
    String(node.instances),
    Object.entries(node.labels).map(([name, value]) => `${name}=${value}`).join(" ")] })),
    "No node has registered. Start an agent: reconciler agent --manager " + location.origin);
}

function events(list) {
  return table(["When", "What", "About", ""], list.reverse().map((event) => ({ cells: [
    event.at.replace("T", " ").replace("Z", ""), event.kind,
    [event.business_id, event.component_id, event.instance].filter((part) => part !== null).join("/") || event.node_id || "",
    event.message] })), "Nothing has happened yet.");
}

async function get(path, options = {}) {
  const headers = { ...(options.headers || {}), ...(token ? { Authorization: `Bearer ${token}` } : {}) };
  const reply = await fetch(path, { ...options, headers });
  if (reply.status === 401 || reply.status === 403) throw new Error("token");
  if (!reply.ok) throw new Error(`the manager answered ${reply.status}`);
  return reply.json();
}

async function refresh() {
  const summary = document.getElementById("summary");
  try {
    const [all, made, fleet, news] = await Promise.all([
      get("/api/businesses"), get("/api/plan", { method: "POST" }), get("/api/nodes"), get("/api/events?limit=30")]);
    document.getElementById("login").hidden = true;
    document.getElementById("businesses").replaceChildren(businesses(all));
    document.getElementById("plan").replaceChildren(plan(made));
    document.getElementById("nodes").replaceChildren(nodes(fleet));
    document.getElementById("events").replaceChildren(events(news));
    const well = all.filter((business) => business.status === "running").length;
    summary.textContent = `${well} of ${all.length} businesses run · ${fleet.length} nodes`;
  } catch (error) {
    if (error.message === "token") {
      document.getElementById("login").hidden = false;
      summary.textContent = "This manager asks for its token.";
      return;
    }
    summary.textContent = `No answer: ${error.message}`;
  }
  setTimeout(refresh, EVERY_MS);
}

document.getElementById("login").addEventListener("submit", (event) => {
  event.preventDefault();
  token = document.getElementById("token").value.trim();
  sessionStorage.setItem("token", token);
  refresh();
});

if (document.body.dataset.needsToken === "yes" && !token) {
  document.getElementById("login").hidden = false;
  document.getElementById("summary").textContent = "This manager asks for its token.";
} else {
  refresh();
}
