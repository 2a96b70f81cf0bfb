// The first tab: the car at a glance, and what people do most.

import { $, icon, kilometres, make, setAttributes, setText, showButton } from "./dom.js";
import { showPicture } from "./picture.js";

const places = {
  front_left: "front left",
  front_right: "front right",
  rear_left: "rear left",
  rear_right: "rear right",
  trunk: "trunk",
  hood: "bonnet",
};

// ---- what is unusual -----------------------------------------------------------------------------

const capital = (text) => text.replace(/^./, (c) => c.toUpperCase());

// "front left, trunk open".
function doorsThatAre(car, state) {
  const names = Object.keys(places).filter((name) => car.reportedAt("doors." + name) === state);
  return names.length ? [`${names.map((name) => places[name]).join(", ")} ${state}`] : [];
}

function warnings(car) {
  const list = [...doorsThatAre(car, "open"), ...doorsThatAre(car, "ajar")];
  if (car.reportedAt("windows.all") > 0) {
    list.push("windows open");
  }
  if (car.reportedAt("tyres.warning")) {
    list.push("check tyre pressure");
  }
  if (car.reportedAt("health.status") === "faulty") {
    list.push("service needed");
  }
  return list;
}

function lockWords(car) {
  const pending = car.pendingFor("locks.all");
  const state = car.get("locks.all");
  if (pending) {
    return pending.label.doing + " …";
  }
  return { locked: "Locked", unlocked: "Unlocked", mixed: "Partly locked" }[state] ?? "Ready";
}

// ---- tiles: what has a state and one thing to do -------------------------------------------------

const tiles = [
  {
    id: "windows",
    icon: "window",
    name: "Windows",
    paths: ["windows.all"],
    on: (car) => car.get("windows.all") > 0,
    state: (car) => (car.get("windows.all") > 0 ? `Open ${car.get("windows.all")} %` : "Closed"),
    action: (on) =>
      on
        ? ["Close", { windows: { all: 0 } }, "Closing the windows", "Windows closed"]
        : ["Vent", { windows: { all: 20 } }, "Opening the windows", "Windows open"],
  },
  {
    id: "trunk",
    icon: "trunk",
    name: "Trunk",
    paths: ["trunk.position"],
    on: (car) => car.get("trunk.position") > 0,
    state: (car) => (car.get("trunk.position") > 0 ? "Open" : "Closed"),
    action: (on) =>
      on
        ? ["Close", { trunk: { position: 0 } }, "Closing the trunk", "Trunk closed"]
        : ["Open", { trunk: { position: 100 } }, "Opening the trunk", "Trunk open"],
  },
  {
    id: "trunk-lock",
    icon: "trunk",
    name: "Trunk",
    paths: ["locks.trunk", "locks.all"],
    instead: "trunk.position",
    needs: "locks.trunk",
    on: (car) => (car.pendingFor("locks.all") ? car.get("locks.all") : car.get("locks.trunk")) === "unlocked",
    state: (car, on) => (car.reportedAt("doors.trunk") === "open" ? "Open" : on ? "Unlocked" : "Locked"),
    action: (on) =>
      on
        ? ["Lock", { locks: { trunk: "locked" } }, "Locking the trunk", "Trunk locked"]
        : ["Unlock", { locks: { trunk: "unlocked" } }, "Unlocking the trunk", "Trunk unlocked"],
  },
  {
    id: "headlights",
    icon: "light",
    name: "Headlights",
    paths: ["lights.low_beam"],
    on: (car) => car.get("lights.low_beam"),
    state: (car, on) => (on ? "On" : "Off"),
    action: (on) =>
      on
        ? ["Off", { lights: { low_beam: false } }, "Switching the lights off", "Lights off"]
        : ["On", { lights: { low_beam: true } }, "Switching the lights on", "Lights on"],
  },
  {
    id: "sunroof",
    icon: "window",
    name: "Sunroof",
    paths: ["sunroof.position"],
    on: (car) => car.get("sunroof.position") !== 0,
    state: (car, on) => (on ? "Open" : "Closed"),
    action: (on) =>
      on
        ? ["Close", { sunroof: { position: 0 } }, "Closing the sunroof", "Sunroof closed"]
        : ["Tilt", { sunroof: { position: -100 } }, "Tilting the sunroof", "Sunroof tilted"],
  },
];

function makeTile(app, tile) {
  tile.stateText = make("span", { class: "state" });
  tile.button = make("button", { type: "button", class: "small", id: "do-" + tile.id });
  tile.element = make(
    "li",
    { class: "tile", id: "tile-" + tile.id },
    icon(tile.icon),
    make("div", {}, make("span", { class: "name" }, tile.name), tile.stateText),
    tile.button,
  );
  tile.button.addEventListener("click", (event) => {
    const [, wish, doing, done] = tile.action(tile.on(app.selected));
    app.act(wish, { doing, done }, event);
  });
  return tile.element;
}

function showTile(car, tile) {
  const there = car.has(tile.needs ?? tile.paths[0]) && !(tile.instead && car.has(tile.instead));
  const on = there && Boolean(tile.on(car));
  tile.element.hidden = !there;
  if (there) {
    const [verb] = tile.action(on);
    setText(tile.stateText, tile.state(car, on));
    showButton(tile.button, car, tile.paths.slice(0, 1), { label: verb });
    setAttributes(tile.button, { "aria-label": `${verb} ${tile.name.toLowerCase()}` });
    tile.element.classList.toggle("on", on);
  }
}

// ---- the four round buttons ----------------------------------------------------------------------

const actions = {
  "do-lock": (car) =>
    car.get("locks.all") === "locked"
      ? [{ locks: { all: "unlocked" } }, { doing: "Unlocking", done: "Unlocked" }]
      : [{ locks: { all: "locked" } }, { doing: "Locking", done: "Locked" }],
  "do-climate": (car) =>
    car.get("climate.active")
      ? [{ climate: { active: false } }, { doing: "Stopping the climate control", done: "Climate control off" }]
      : [{ climate: { active: true } }, { doing: "Starting the climate control", done: "Climate control on" }],
  "do-flash": () => [{ indicators: { flashes: 3 } }, { doing: "Flashing the lights", done: "Lights flashed" }],
  "do-horn": () => [{ horn: { active: true } }, { doing: "Sounding the horn", done: "Horn sounded" }],
};

export function setUpOverview(app) {
  $("tiles").append(...tiles.map((tile) => makeTile(app, tile)));
  for (const [id, plan] of Object.entries(actions)) {
    $(id).addEventListener("click", (event) => app.act(...plan(app.selected), event));
  }
}

function showActions(car) {
  const locked = car.get("locks.all") === "locked";
  showButton($("do-lock"), car, ["locks.all"], {
    on: locked,
    label: locked ? "Unlock" : "Lock",
    hidden: !car.has("locks.all"),
  });
  $("do-lock")
    .querySelector("use")
    .setAttribute("href", locked ? "#i-lock" : "#i-unlock");
  const warm = Boolean(car.get("climate.active"));
  showButton($("do-climate"), car, ["climate.active"], { on: warm, hidden: !car.has("climate.active") });
  showButton($("do-flash"), car, ["indicators.flashes"], { hidden: !car.has("indicators.flashes") });
  showButton($("do-horn"), car, ["horn.active"], { hidden: !car.has("horn.active") });
}

function showEnergy(car) {
  const charge = car.reportedAt("battery.state_of_charge");
  const percent = charge ?? car.reportedAt("fuel.level");
  const range = (car.reportedAt("battery.range") ?? 0) + (car.reportedAt("fuel.range") ?? 0);
  setText($("range"), range ? kilometres(range) : "–");
  setText($("percent"), percent === undefined ? "" : `${Math.round(percent)} %`);
  $("energy")
    .querySelector("use")
    .setAttribute("href", charge === undefined ? "#i-fuel" : "#i-bolt");
  const bar = $("energy-bar");
  bar.value = percent ?? 0;
  bar.classList.toggle("low", percent < 15);
  bar.classList.toggle("charging", Boolean(car.reportedAt("charging.active")));
}

export function showOverview(car) {
  showPicture($("picture"), car);
  showEnergy(car);
  const cabin = car.reportedAt("climate.cabin_temperature");
  setText($("cabin-now"), cabin === undefined ? "–" : `${Math.round(cabin)}°`);
  $("corners").hidden = car.version === 0;
  setText($("lock-state"), car.version === 0 ? "Nothing is known of this car yet" : lockWords(car));
  const unusual = warnings(car);
  const usual = car.has("doors.all_closed") ? "All closed" : "";
  setText($("warnings"), capital(unusual.join(" · ")) || usual);
  $("warnings").classList.toggle("warn", unusual.length > 0);
  $("alarm").hidden = car.reportedAt("alarm.state") !== "triggered";
  showActions(car);
  tiles.forEach((tile) => showTile(car, tile));
}
