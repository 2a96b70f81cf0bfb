// The charging tab: how full, how fast, until when, and up to where.

import { $, duration, kilometres, setAttributes, setText, showButton } from "./dom.js";

const states = {
  unplugged: "Not plugged in",
  stopped: "Plugged in, stopped",
  waiting: "Plugged in, waiting",
  charging: "Charging",
  complete: "Charged to the limit",
};
const schedules = { now: "at once", cheap: "in cheap hours", departure: "for departure" };

export function setUpCharge(app) {
  $("charge-power").addEventListener("click", (event) => {
    const on = !app.selected.get("charging.active");
    const label = on
      ? { doing: "Starting to charge", done: "Charging" }
      : { doing: "Stopping", done: "Charging stopped" };
    app.act({ charging: { active: on } }, label, event);
  });
  $("limit").addEventListener("input", () => setText($("limit-value"), `${$("limit").value} %`));
  $("limit").addEventListener("change", (event) => {
    const limit = Number($("limit").value);
    app.act(
      { charging: { limit } },
      { doing: `Setting the limit to ${limit} %`, done: `Limit set to ${limit} %` },
      event,
    );
  });
  for (const [schedule, words] of Object.entries(schedules)) {
    $("schedule-" + schedule).addEventListener("click", (event) =>
      app.act({ charging: { schedule } }, { doing: `Charging ${words}`, done: `Charges ${words}` }, event),
    );
  }
}

function words(car) {
  const state = car.reportedAt("charging.state");
  const power = car.reportedAt("charging.power");
  const left = car.reportedAt("charging.time_left");
  if (state !== "charging") {
    return states[state] ?? "–";
  }
  return ["Charging", power && `${power.toFixed(1)} kW`, left && `${duration(left)} left`].filter(Boolean).join(" · ");
}

export function showCharge(car) {
  const percent = car.reportedAt("battery.state_of_charge") ?? 0;
  const limit = car.get("charging.limit") ?? 100;
  const active = Boolean(car.get("charging.active"));
  $("ring-arc").style.strokeDashoffset = String(100 - percent);
  $("ring-limit").style.transform = `rotate(${limit * 3.6}deg)`;
  setAttributes($("ring"), { "data-charging": car.reportedAt("charging.active") ? "yes" : undefined });
  setText($("ring-percent"), `${Math.round(percent)}`);
  setText($("ring-range"), `${kilometres(car.reportedAt("battery.range") ?? 0)} km`);
  setText($("charge-words"), words(car));
  showButton($("charge-power"), car, ["charging.active"], {
    on: active,
    label: active ? "Stop charging" : "Start charging",
  });
  if (document.activeElement !== $("limit") || car.pendingFor("charging.limit")) {
    $("limit").value = limit;
  }
  setText($("limit-value"), `${$("limit").value} %`);
  showButton($("limit"), car, ["charging.limit"]);
  for (const schedule of Object.keys(schedules)) {
    showButton($("schedule-" + schedule), car, [], { on: car.get("charging.schedule") === schedule });
  }
  setAttributes($("schedule"), { "data-phase": car.pendingFor("charging.schedule") ? "pending" : undefined });
  const added = car.reportedAt("charging.energy_added");
  setText($("added"), added ? `${added.toFixed(1)} kWh since plugged in` : "");
}
