// How commands fare: the newest above the tabs, all of them in a list with their times.

import { $, icon, make, setAttributes, setText } from "./dom.js";
import { detailOf, reasonOf } from "./reasons.js";

const SHOWN = 7000; // ms that a result stays
const phases = {
  waiting: "Waiting for a connection",
  waking: "Waking the car",
  sent: "Sent to the cloud",
  accepted: "The cloud has it, the car is next",
};

export const milliseconds = (ms) => (ms < 2000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`);

function titleOf(command) {
  return {
    pending: `${command.label.doing} …`,
    confirmed: command.label.done,
    failed: reasonOf(command.code),
  }[command.status];
}

function wordsOf(command) {
  const { times } = command;
  if (command.status === "pending") {
    return phases[command.phase];
  }
  const total = `${milliseconds(times.ended)} from click to answer`;
  return command.status === "confirmed" ? `Confirmed · ${total}` : detailOf(command) || total;
}

const marks = { pending: "clock", confirmed: "check", failed: "alert" };

let hide;

export function showNews(command) {
  const news = $("news");
  clearTimeout(hide);
  news.hidden = false;
  setAttributes(news, { "data-status": command.status, "data-id": command.id });
  news.querySelector("use").setAttribute("href", "#i-" + marks[command.status]);
  setText($("news-title"), titleOf(command));
  setText($("news-words"), wordsOf(command));
  if (command.status !== "pending") {
    hide = setTimeout(() => (news.hidden = true), SHOWN);
  }
}

// The way of a command, in ms from the click.
function legs({ times, status }) {
  const { sent, accepted, ended } = times;
  if (sent === undefined) {
    return status === "pending" ? phases.waiting : "Not sent";
  }
  const said = [
    ["sent", sent],
    ["cloud", accepted],
    ["car", ended],
  ].filter(([, ms]) => ms !== undefined);
  return said
    .map(([who, ms]) => `${who} ${milliseconds(ms)}`)
    .join(" · ")
    .replace("sent", "Sent");
}

export function showActivity(car) {
  const time = new Intl.DateTimeFormat("en", { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
  $("commands").replaceChildren(
    ...car.commands
      .slice(0, 50)
      .map((command) =>
        make(
          "li",
          { "data-status": command.status },
          icon(marks[command.status]),
          make(
            "div",
            {},
            make("span", { class: "name" }, titleOf(command)),
            ...(command.status === "failed"
              ? [make("span", { class: "state" }, detailOf(command) || command.label.doing)]
              : []),
            make("span", { class: "state" }, legs(command)),
          ),
          make("time", {}, time.format(command.clicked)),
        ),
      ),
  );
  $("no-commands").hidden = car.commands.length > 0;
  const ended = car.commands
    .filter((c) => c.status === "confirmed")
    .map((c) => c.times.ended)
    .sort((a, b) => a - b);
  setText(
    $("median"),
    ended.length
      ? `Median from click to confirmation: ${milliseconds(ended[ended.length >> 1])} of ${ended.length}`
      : "",
  );
}
