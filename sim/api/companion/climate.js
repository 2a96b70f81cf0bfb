// The climate tab: temperature, heating of glass, seats and wheel.

import { $, setAttributes, setText, showButton } from "./dom.js";

const LEAST = 16;
const MOST = 30;
const steps = [0, 33, 66, 100]; // of a heated seat

const toggles = {
  defrost: ["climate.defrost", "Defrosting the windscreen", "Windscreen heating"],
  "rear-defrost": ["climate.rear_defrost", "Heating the rear window", "Rear window heating"],
};
const seats = {
  "seat-left": ["climate.seat_front_left", "Driver seat"],
  "seat-right": ["climate.seat_front_right", "Passenger seat"],
  wheel: ["climate.steering_wheel", "Steering wheel"],
};

const wishFor = (path, value) => ({ climate: { [path.split(".")[1]]: value } });

// Clicks on + and - within a moment are one command, which is given when that has passed.
let nudged; // of which car, to what target; settle: the timer

function giveTarget(app) {
  const { car, target, settle } = nudged;
  clearTimeout(settle);
  nudged = undefined;
  app.act(
    { climate: { target } },
    { doing: `Setting ${target.toFixed(1)} °C`, done: `Set to ${target.toFixed(1)} °C` },
    undefined,
    car,
  );
}

export function nudge(app, by) {
  const car = app.selected;
  if (nudged && nudged.car !== car) {
    giveTarget(app);
  }
  clearTimeout(nudged?.settle);
  const from = nudged?.target ?? car.get("climate.target") ?? 21;
  const target = Math.min(MOST, Math.max(LEAST, from + by));
  nudged = { car, target, settle: setTimeout(() => giveTarget(app), 450) };
  app.draw();
}

export function setUpClimate(app) {
  $("cooler").addEventListener("click", () => nudge(app, -0.5));
  $("warmer").addEventListener("click", () => nudge(app, 0.5));
  $("climate-power").addEventListener("click", (event) => {
    const on = !app.selected.get("climate.active");
    const label = on
      ? { doing: "Starting the climate control", done: "Climate control on" }
      : { doing: "Stopping the climate control", done: "Climate control off" };
    app.act({ climate: { active: on } }, label, event);
  });
  for (const [id, [path, doing, name]] of Object.entries(toggles)) {
    $(id).addEventListener("click", (event) => {
      const on = !app.selected.get(path);
      app.act(
        wishFor(path, on),
        { doing: on ? doing : `Switching off: ${name.toLowerCase()}`, done: `${name} ${on ? "on" : "off"}` },
        event,
      );
    });
  }
  for (const [id, [path, name]] of Object.entries(seats)) {
    $(id).addEventListener("click", (event) => {
      const next = steps[(levelOf(app.selected, path) + 1) % steps.length];
      app.act(
        wishFor(path, next),
        { doing: `Setting: ${name.toLowerCase()}`, done: `${name} ${next ? `${next} %` : "off"}` },
        event,
      );
    });
  }
}

function levelOf(car, path) {
  const percent = car.get(path) ?? 0;
  return steps.findLastIndex((step) => percent >= step);
}

const degrees = (value, digits = 1) => (value === undefined ? "–" : `${value.toFixed(digits)}°`);

export function showClimate(car) {
  const target = nudged?.car === car ? nudged.target : car.get("climate.target");
  const cabin = car.reportedAt("climate.cabin_temperature");
  const on = Boolean(car.get("climate.active"));
  setText($("target"), degrees(target));
  setText($("cabin"), degrees(cabin));
  setText($("outside"), degrees(car.reportedAt("climate.outside_temperature")));
  const mood = on && target !== undefined && cabin !== undefined ? (target >= cabin ? "warm" : "cold") : "off";
  setAttributes($("dial"), { "data-mood": mood });
  const share = (Math.min(MOST, Math.max(LEAST, target ?? LEAST)) - LEAST) / (MOST - LEAST);
  $("dial-arc").style.strokeDashoffset = String(100 - 100 * share);
  setText($("dial-words"), { warm: "Heating", cold: "Cooling", off: "Off" }[mood]);
  showButton($("warmer"), car, [], { disabled: target >= MOST });
  showButton($("cooler"), car, [], { disabled: target <= LEAST });
  setAttributes($("dial"), { "data-phase": car.pendingFor("climate.target") ? "pending" : undefined });
  showButton($("climate-power"), car, ["climate.active"], { on, label: on ? "Stop" : "Start" });
  for (const [id, [path]] of Object.entries(toggles)) {
    showButton($(id), car, [path], { on: Boolean(car.get(path)), hidden: !car.has(path) });
  }
  for (const [id, [path]] of Object.entries(seats)) {
    const level = levelOf(car, path);
    showButton($(id), car, [path], { on: level > 0, hidden: !car.has(path) });
    setAttributes($(id), { "data-level": level });
    setText($(id).querySelector(".value"), ["Off", "Low", "Medium", "High"][level]);
  }
}
